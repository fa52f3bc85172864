import assert from 'node:assert/strict'
import { test } from 'node:test'
import { throttled } from '../src/throttle.ts'

test('a burst of calls runs at its beginning and once at its end', ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  let runs = 0
  const call = throttled(() => runs++, 100)
  for (let burst = 0; burst < 50; burst++) call()
  assert.equal(runs, 1)
  mock.timers.tick(100)
  assert.equal(runs, 2)
  mock.timers.tick(1000)
  assert.equal(runs, 2)
  call()
  assert.equal(runs, 3)
})
