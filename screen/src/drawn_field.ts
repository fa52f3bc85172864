/** A field of a form that is filled by drawing on the map. */
import type { Geometry } from 'geojson'
import type { Input } from './analyses.ts'
import { element } from './dom.ts'
import type { Language } from './hash.ts'
import { word } from './i18n.ts'
import { notify } from './notice.ts'
import type { Canvas } from './scene.ts'
import { flat, type Kind } from './sketch.ts'

const NAMES = { point: 'drawPoint', line: 'drawLine', polygon: 'drawPolygon' } as const

/** What is drawn for an input; null: it is typed. */
export function drawnKind({ schema }: Input): Kind | null {
  return schema['x-drawn'] ?? null
}

/** What a drawing says in an input's own form: GeoJSON, or numbers where it takes an array of them. */
export function drawnValue(geometry: Geometry | null, { schema }: Input): unknown {
  if (geometry === null) return null
  return schema.type === 'array' ? flat(geometry) : geometry
}

export interface DrawnField {
  readonly element: HTMLElement
  readonly value: () => unknown
}

export function drawnField(kind: Kind, input: Input, canvas: Canvas, language: Language): DrawnField {
  let geometry: Geometry | null = null
  const told = element('output', { className: 'drawn' })
  const draw = element('button', { type: 'button' }, `${word('draw', language)}: ${word(NAMES[kind], language)}`)
  const clear = element('button', { type: 'button', hidden: true }, word('clear', language))
  const show = (found: Geometry | null) => {
    geometry = found
    clear.hidden = found === null
    told.textContent = found ? `✓ ${word('drawn', language)} (${flat(found).length / 2})` : ''
  }
  draw.addEventListener('click', () => {
    notify(word('drawHelp', language))
    void canvas.sketch(kind).then((found) => {
      notify('', 1)
      show(found)
    })
  })
  clear.addEventListener('click', () => {
    canvas.showSketch(null)
    show(null)
  })
  const made = element('fieldset', { className: 'drawing' }, element('legend', {}, input.title), draw, clear, told)
  return { element: made, value: () => drawnValue(geometry, input) }
}
