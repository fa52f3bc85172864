import assert from 'node:assert/strict'
import { test } from 'node:test'
import { throttled } from '../src/throttle.ts'

test('a burst of calls runs at its beginning and once after the rest', async () => {
  const rests: (() => void)[] = []
  let runs = 0
  const call = throttled(
    () => runs++,
    () => new Promise<void>((resolve) => rests.push(resolve)),
  )
  const wake = async () => {
    rests.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (let burst = 0; burst < 50; burst++) call()
  assert.equal(runs, 1)
  await wake()
  assert.equal(runs, 2)
  await wake()
  assert.deepEqual([runs, rests.length], [2, 0])
  call()
  assert.equal(runs, 3)
})
