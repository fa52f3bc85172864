import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatHash, parseHash, type View } from '../src/hash.ts'

const view: View = {
  camera: { zoom: 14.25, lat: 31.55, lng: 120.4, bearing: -20, pitch: 55 },
  time: '2013-05',
  language: 'en',
  scenario: 'east new town & wetland',
  asKnown: true,
  base: 'light',
  layout: 'wall',
  against: '@wetland',
  cut: 30,
  asset: 'SW0001',
  thing: null,
  work: 'route',
  sheet: 'handover',
  tour: 20,
  wall: 'east',
  shown: ['urban_line', '永久基本农田'],
  hidden: ['parcels'],
}
const plain: View = {
  camera: null,
  time: null,
  language: 'zh',
  scenario: null,
  asKnown: false,
  base: 'dark',
  layout: 'desk',
  against: null,
  cut: 50,
  asset: null,
  thing: null,
  work: null,
  sheet: null,
  tour: null,
  wall: null,
  shown: [],
  hidden: [],
}

test('a view comes back from its address', () => {
  for (const one of [view, plain, { ...plain, time: '2000' }, { ...plain, thing: 'roads/7', work: '' }]) {
    assert.deepEqual(parseHash(formatHash(one)), one)
  }
})

test('an address reads well', () => {
  assert.equal(
    formatHash({ ...view, scenario: null, shown: ['a', 'b'] }),
    '#map=14.25/31.55/120.4/-20/55&time=2013-05&lang=en&known=then&base=light&layout=wall' +
      '&against=@wetland&cut=30&asset=SW0001&work=route&sheet=handover&tour=20&wall=east&show=a,b&hide=parcels',
  )
  assert.equal(formatHash(plain), '#lang=zh')
})

test('a flat camera needs three numbers', () => {
  const camera = { zoom: 12, lat: 31.5, lng: 120.3, bearing: 0, pitch: 0 }
  assert.equal(formatHash({ ...plain, camera }), '#map=12/31.5/120.3&lang=zh')
  assert.deepEqual(parseHash('#map=12/31.5/120.3').camera, camera)
})

test('an empty or broken address is the default view', () => {
  for (const hash of ['', '#', '#nonsense', '#map=&time=&lang=&hide=', '#map=1/2&lang=fr&time=May']) {
    assert.deepEqual(parseHash(hash), plain)
  }
  assert.equal(parseHash('', 'en').language, 'en')
})

test('a camera off the earth is no camera', () => {
  for (const map of ['12/95/120', '12/31/200', '-1/31/120', '12/x/120', '12//120', '12/31/120/0/90', 'NaN/1/1']) {
    assert.equal(parseHash(`#map=${map}`).camera, null, map)
  }
})

test('a layer is named once', () => {
  assert.deepEqual(parseHash('#hide=a,,b,a').hidden, ['a', 'b'])
})
