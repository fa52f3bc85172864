import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawnValue } from '../src/drawn_field.ts'
import { flat, shapeOf } from '../src/sketch.ts'

const places = [[120, 31], [121, 31], [121, 32]]

test('places become a shape once there are enough', () => {
  assert.equal(shapeOf('line', places.slice(0, 1)), null)
  assert.equal(shapeOf('polygon', places.slice(0, 2)), null)
  assert.deepEqual(shapeOf('polygon', places.slice(0, 2), true)?.type, 'LineString')
  assert.deepEqual(shapeOf('point', places.slice(0, 1)), { type: 'Point', coordinates: [120, 31] })
  assert.deepEqual(shapeOf('polygon', places), { type: 'Polygon', coordinates: [[...places, places[0]]] })
})

test('a form gets GeoJSON, or the numbers of the places', () => {
  const line = shapeOf('line', places)
  const input = (type: string) => ({ title: '', minOccurs: 1, schema: { type } })
  assert.deepEqual(drawnValue(line, input('array')), [120, 31, 121, 31, 121, 32])
  assert.equal(drawnValue(line, input('object')), line)
  assert.equal(drawnValue(null, input('array')), null)
  assert.deepEqual(flat(shapeOf('polygon', places)!), [120, 31, 121, 31, 121, 32])
})
