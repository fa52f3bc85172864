import assert from 'node:assert/strict'
import { test } from 'node:test'
import { START, toured } from '../src/stage.ts'

test('a tour goes on by itself, and stops on a new alert until somebody takes it', () => {
  let state = toured(START, 3, [7], 0, 1000)
  assert.deepEqual([state.stop, state.held], [0, null])
  state = toured(state, 3, [7], 999, 1000)
  assert.equal(state.stop, 0)
  state = toured(state, 3, [7], 1000, 1000)
  assert.equal(state.stop, 1)
  state = toured(state, 3, [7, 8], 1500, 1000)
  assert.deepEqual([state.stop, state.held], [1, 8])
  state = toured(state, 3, [7, 8], 60_000, 1000)
  assert.deepEqual([state.stop, state.held], [1, 8])
  state = toured(state, 3, [7], 61_000, 1000)
  assert.deepEqual([state.stop, state.held], [2, null])
  state = toured(state, 3, [7], 62_000, 1000)
  assert.equal(state.stop, 0)
})
