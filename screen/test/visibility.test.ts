import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isVisible, toggled } from '../src/visibility.ts'

const roads = { name: 'roads', visible: true }
const farmland = { name: 'farmland_line', visible: false }

test('pressing a switch shows or hides its layer, pressing again undoes it', () => {
  const start = { shown: ['urban_line'], hidden: ['parcels'] }
  for (const layer of [roads, farmland]) {
    const once = toggled(layer, start)
    assert.equal(isVisible(layer, start), layer.visible)
    assert.equal(isVisible(layer, once), !layer.visible)
    assert.deepEqual(toggled(layer, once), start)
  }
  assert.deepEqual(toggled(roads, start), { shown: ['urban_line'], hidden: ['parcels', 'roads'] })
})
