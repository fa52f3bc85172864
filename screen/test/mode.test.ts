import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asOfOther, asOfView, modeOf } from '../src/mode.ts'

const ZONE = 'Asia/Shanghai'
const NOON = new Date('2026-03-01T04:00:00Z')

test('a plan is a scenario whatever the time; a time alone is a replay', () => {
  assert.equal(modeOf({ time: null, scenario: null }), 'live')
  assert.equal(modeOf({ time: '2013', scenario: null }), 'replay')
  assert.equal(modeOf({ time: '2013', scenario: 'east' }), 'scenario')
})

test('what was known then has the moment itself as the edition of the books', () => {
  const view = { time: '2026-03-01T11:05', scenario: null, asKnown: true }
  const at = '2026-03-01T03:05:00Z'
  assert.deepEqual(asOfView(view, ZONE, NOON), { datetime: at, known_at: at, scenario: null })
  assert.equal(asOfView({ ...view, asKnown: false }, ZONE, NOON).known_at, null)
})

test('the other side is a time or a plan', () => {
  assert.deepEqual(asOfOther('@east', ZONE), { datetime: null, known_at: null, scenario: 'east' })
  assert.deepEqual(asOfOther('@', ZONE), { datetime: null, known_at: null, scenario: null })
  assert.equal(asOfOther('2005', ZONE, NOON)?.datetime, '2005-12-31T15:59:59Z')
  assert.equal(asOfOther('nonsense', ZONE), null)
  assert.equal(asOfOther(null, ZONE), null)
})
