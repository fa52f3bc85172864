import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fleet, type AssetEntry } from '../src/twin/fleet.ts'
import { CONDITION, conditions, SILENT_MS } from '../src/twin/condition.ts'
import { mercatorX, mercatorY, relative } from '../src/twin/mercator.ts'
import { decodeState, fromBase64, type StateBody } from '../src/twin/state.ts'

const MORNING = Date.parse('2026-03-01T06:00:00Z')

/** A body as docs/twin.md lays it out, by hand: a level, a word and a position. */
function body(): ArrayBuffer {
  const told = JSON.stringify({ at: '2026-03-01T06:00:00Z', known_at: 'k', cursor: 7, words: { 5: 'moving' } })
  const header = new TextEncoder().encode(told.padEnd(Math.ceil(told.length / 8) * 8, ' '))
  const rows = 3
  const made = new ArrayBuffer(16 + header.length + 8 * rows + 8 * rows + 8 + 4 * rows + rows)
  const view = new DataView(made)
  new Uint8Array(made).set(new TextEncoder().encode('CTS1'))
  ;[rows, 1, header.length].forEach((one, place) => view.setUint32(4 + 4 * place, one, true))
  new Uint8Array(made).set(header, 16)
  let place = 16 + header.length
  for (const seconds of [0, 1, 2]) {
    view.setBigInt64(place, BigInt(MORNING + 1000 * seconds) * 1000n, true)
    place += 8
  }
  for (const x of [3.25, 5, 120.5]) {
    view.setFloat64(place, x, true)
    place += 8
  }
  view.setFloat64(place, 31.5, true)
  place += 8
  for (const series of [1, 2, 3]) {
    view.setUint32(place, series, true)
    place += 4
  }
  new Uint8Array(made).set([0, 1, 0], place)
  return made
}

const ASSETS: AssetEntry[] = [
  { asset: 'gauge', layer: 'sensors', fid: 1, series: { level: { id: 1, kind: 'number', unit: 'm' } } },
  {
    asset: 'bus',
    layer: 'vehicles',
    fid: 2,
    series: { state: { id: 2, kind: 'category' }, place: { id: 3, kind: 'position' } },
  },
  { asset: 'mute', layer: 'sensors', fid: 3, series: { level: { id: 4, kind: 'number' } } },
]
const PLACES = new Map<string, [number, number]>([['gauge', [120, 31]]])

test('the binary body is read as it is laid out', () => {
  const read = decodeState(body())
  assert.deepEqual([read.at, read.cursor, read.words], ['2026-03-01T06:00:00Z', 7, { 5: 'moving' }])
  assert.deepEqual([...read.times], [MORNING, MORNING + 1000, MORNING + 2000])
  assert.deepEqual([...read.x, ...read.lat], [3.25, 5, 120.5, 31.5])
  assert.deepEqual([...read.series, ...read.quality], [1, 2, 3, 0, 1, 0])
})

test('what is no state is refused', () => {
  assert.throws(() => decodeState(new ArrayBuffer(32)), /no state/)
})

test('base64 comes back as bytes', () => {
  assert.deepEqual([...new Uint8Array(fromBase64('Q1RTMQ=='))], [67, 84, 83, 49])
})

test('rows are taken in: values, words and positions', () => {
  const fleet = new Fleet(ASSETS, PLACES)
  assert.equal(fleet.apply(decodeState(body())), 0)
  assert.deepEqual(fleet.readings(0).map(({ value, unit }) => [value, unit]), [[3.25, 'm']])
  assert.deepEqual(fleet.readings(1).map(({ property, value }) => [property, value]), [['state', 'moving']])
  assert.deepEqual([fleet.lng[0], fleet.lng[1], fleet.lat[1]], [120, 120.5, 31.5])
  assert.ok(Number.isNaN(fleet.lng[2]))
})

test('an older moment than is held does not count', () => {
  const fleet = new Fleet(ASSETS, PLACES)
  fleet.apply(decodeState(body()))
  const late: StateBody = {
    ...decodeState(body()),
    times: Float64Array.of(MORNING - 1),
    x: Float64Array.of(9),
    lat: new Float64Array(0),
    series: Uint32Array.of(1),
    quality: Uint8Array.of(0),
  }
  fleet.apply(late)
  assert.equal(fleet.readings(0)[0]?.value, 3.25)
  assert.equal(fleet.apply({ ...late, series: Uint32Array.of(99) }), 1)
})

test('who spoke and then said nothing is silent; who never spoke is not', () => {
  const fleet = new Fleet(ASSETS, PLACES)
  fleet.apply(decodeState(body()))
  const later = MORNING + SILENT_MS + 500
  assert.deepEqual(fleet.silent(later, SILENT_MS), [0])
  assert.deepEqual([...conditions(fleet.heard, later)], [CONDITION.silent, CONDITION.well, CONDITION.never])
  fleet.clear()
  assert.deepEqual(fleet.silent(later, SILENT_MS), [])
})

test('places are told from an origin, on the Mercator square', () => {
  assert.equal(mercatorX(0), 0.5)
  assert.equal(mercatorY(0), 0.5)
  assert.ok(Math.abs(mercatorY(85.0511287798066)) < 1e-9)
  const told = relative(Float64Array.of(0, NaN), Float64Array.of(0, 0), [0.25, 0.5])
  assert.equal(told[0], 0.25)
  assert.equal(told[1], 0)
  assert.ok(Number.isNaN(told[2]))
})
