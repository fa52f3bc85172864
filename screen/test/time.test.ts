import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  clamped,
  datetimeOf,
  endOf,
  inSteps,
  parsePeriod,
  periodOf,
  shift,
  stepOf,
  stepsBetween,
} from '../src/time.ts'

const WUXI = 'Asia/Shanghai'

test('years and months are periods, nothing else is', () => {
  for (const text of ['2000', '2013-05', '2026-12']) assert.equal(parsePeriod(text), text)
  for (const text of ['', '13', '2013-00', '2013-13', '2013-5', '2013-05-01', '2013-05-01T', 'now']) {
    assert.equal(parsePeriod(text), null, text)
  }
})

test('steps cross the turn of the year', () => {
  assert.equal(shift('2012-12', 1), '2013-01')
  assert.equal(shift('2013-01', -1), '2012-12')
  assert.equal(shift('2000', 26), '2026')
  assert.equal(stepsBetween('2000-01', '2026-11'), 26 * 12 + 10)
  assert.equal(stepsBetween('2000', '2026'), 26)
})

test('shifting by the steps between two periods leads from one to the other', () => {
  for (let steps = -30; steps <= 30; steps++) {
    for (const period of ['2010', '2010-07']) {
      assert.equal(stepsBetween(period, shift(period, steps)), steps)
    }
  }
})

test('a year in months is its December, a month in years its year', () => {
  assert.equal(inSteps('2013', 'month'), '2013-12')
  assert.equal(inSteps('2013-05', 'month'), '2013-05')
  assert.equal(inSteps('2013-05', 'year'), '2013')
  assert.deepEqual([null, '2013', '2013-05'].map(stepOf), ['year', 'year', 'month'])
})

test('a period ends by the clocks of the city', () => {
  assert.equal(endOf('2020', WUXI).toISOString(), '2020-12-31T15:59:59.000Z')
  assert.equal(endOf('2020-02', WUXI).toISOString(), '2020-02-29T15:59:59.000Z')
  assert.equal(endOf('2024-03', 'Europe/Amsterdam').toISOString(), '2024-03-31T21:59:59.000Z')
  assert.equal(endOf('2024-10', 'Europe/Amsterdam').toISOString(), '2024-10-31T22:59:59.000Z')
  assert.equal(endOf('2024-10', 'America/St_Johns').toISOString(), '2024-11-01T02:29:59.000Z')
})

test('an instant is in the month that the city has', () => {
  const newYear = new Date('2019-12-31T16:00:00Z')
  assert.equal(periodOf(newYear, 'month', WUXI), '2020-01')
  assert.equal(periodOf(newYear, 'year', 'UTC'), '2019')
})

test('the past has a datetime, now and an unfinished period have none', () => {
  const now = new Date('2026-11-22T00:00:00Z')
  assert.equal(datetimeOf('2013-05', WUXI, now), '2013-05-31T15:59:59Z')
  assert.equal(datetimeOf('2026-10', WUXI, now), '2026-10-31T15:59:59Z')
  assert.equal(datetimeOf('2026-11', WUXI, now), null)
  assert.equal(datetimeOf('2026', WUXI, now), null)
  assert.equal(datetimeOf(null, WUXI, now), null)
})

test('a time is kept between the beginning and now', () => {
  const begin = new Date('1999-12-31T16:00:00Z')
  const now = new Date('2026-11-22T00:00:00Z')
  const kept = (time: string) => clamped(time, begin, now, WUXI)
  assert.deepEqual(['1990', '2000', '2013', '2026', '2100'].map(kept), ['2000', '2000', '2013', null, null])
  assert.deepEqual(['1999-12', '2000-01', '2026-10', '2026-11'].map(kept), ['2000-01', '2000-01', '2026-10', null])
})

test('minutes are periods too, told by the city’s clocks', () => {
  assert.equal(parsePeriod('2026-03-01T14:05'), '2026-03-01T14:05')
  assert.equal(parsePeriod('2026-03-01T24:05'), null)
  assert.equal(stepOf('2026-03-01T14:05'), 'minute')
  assert.equal(periodOf(new Date('2026-03-01T06:05:30Z'), 'minute', WUXI), '2026-03-01T14:05')
  assert.equal(shift('2026-02-28T23:59', 1), '2026-03-01T00:00')
  assert.equal(stepsBetween('2026-03-01T00:00', '2026-03-02T00:00'), 1440)
  assert.equal(endOf('2026-03-01T14:05', WUXI).toISOString(), '2026-03-01T06:05:00.000Z')
  assert.equal(inSteps('2026-03-01T14:05', 'month'), '2026-03')
  assert.equal(inSteps('2026', 'minute'), '2027-01-01T00:00')
})
