/** The list of layers: what their colours mean, and switches to show and hide them. */
import type { City, LayerEntry } from './api.ts'
import { element } from './dom.ts'
import type { Language } from './hash.ts'
import { word } from './i18n.ts'
import type { RasterEntry } from './rasters.ts'

type Visible = (layer: string) => boolean

export class Legend {
  readonly #panel: HTMLElement
  readonly #toggle: (layer: LayerEntry) => void
  readonly #boxes = new Map<string, HTMLInputElement>()
  readonly #opened = new Set<string>()
  #folded = window.matchMedia('(max-width: 640px)').matches
  #built = ''

  constructor(panel: HTMLElement, toggle: (layer: LayerEntry) => void) {
    this.#panel = panel
    this.#toggle = toggle
  }

  /** Sets the switches; the list is built anew only when its words or layers change. */
  show(city: City, rasters: readonly RasterEntry[], language: Language, visible: Visible): void {
    const groups = [...city.groups, ...(rasters.length ? [rasterGroup(rasters)] : [])]
    const wanted = JSON.stringify([language, groups])
    if (this.#built !== wanted) this.#build(groups, language)
    this.#built = wanted
    for (const [name, box] of this.#boxes) box.checked = visible(name)
  }

  #build(groups: City['groups'], language: Language): void {
    this.#boxes.clear()
    const body = element('div', { className: 'legend-body', hidden: this.#folded })
    for (const { title, layers } of groups) {
      body.append(element('h3', {}, title[language]))
      body.append(...layers.map((entry) => this.#row(entry, language)))
    }
    const head = element('button', { type: 'button', className: 'legend-title' }, word('layers', language))
    head.ariaExpanded = String(!this.#folded)
    head.addEventListener('click', () => {
      this.#folded = body.hidden = !body.hidden
      head.ariaExpanded = String(!this.#folded)
    })
    this.#panel.replaceChildren(head, body)
  }

  #row(entry: LayerEntry, language: Language): HTMLElement {
    const { name, title, geometry, legend } = entry
    const box = element('input', { type: 'checkbox' })
    box.addEventListener('change', () => this.#toggle(entry))
    this.#boxes.set(name, box)
    const several = legend.length > 1
    const mark = several ? strip(legend.map((one) => one.colour)) : swatch(legend[0]?.colour, geometry)
    const label = element('label', { className: 'layer' }, box, mark, title[language])
    if (!several) return label
    const classes = legend.map((one) =>
      element('li', {}, swatch(one.colour, geometry), one.label[language]),
    )
    const list = element('ul', { hidden: !this.#opened.has(name) }, ...classes)
    const fold = element('button', { type: 'button', ariaLabel: `${title[language]}: ${word('classes', language)}` })
    fold.ariaExpanded = String(!list.hidden)
    fold.addEventListener('click', () => {
      list.hidden = !list.hidden
      fold.ariaExpanded = String(!list.hidden)
      this.#opened[list.hidden ? 'delete' : 'add'](name)
    })
    return element('div', {}, element('div', { className: 'classes' }, label, fold), list)
  }
}

/** Rasters are listed while they are shown. */
function rasterGroup(rasters: readonly RasterEntry[]): City['groups'][number] {
  const layers = rasters.map(({ name, title }): LayerEntry => ({
    name,
    title: { zh: title, en: title },
    geometry: 'polygon',
    visible: false,
    legend: [],
  }))
  return { title: { zh: word('rasters', 'zh'), en: word('rasters', 'en') }, layers }
}

function swatch(colour = 'none', geometry: LayerEntry['geometry']): HTMLElement {
  const made = element('span', { className: `swatch ${geometry}` })
  made.style.background = colour
  return made
}

/** Four of the colours side by side. */
function strip(colours: string[]): HTMLElement {
  const made = element('span', { className: 'swatch' })
  const few = [0, 0.3, 0.6, 0.9].map((share) => colours[Math.floor(share * colours.length)] ?? '')
  const bands = few.map((colour, place) => `${colour} ${place * 25}% ${(place + 1) * 25}%`)
  made.style.background = `linear-gradient(90deg, ${bands.join(', ')})`
  return made
}
