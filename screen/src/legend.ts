/** The list of layers: what their colours mean, and switches to show and hide them. */
import type { City, LayerEntry } from './api.ts'
import { element } from './dom.ts'
import type { Language } from './hash.ts'
import { word } from './i18n.ts'

/** Fills the panel; `toggle` is called with a layer's name when its switch is pressed. */
export function renderLegend(
  panel: HTMLElement,
  city: City,
  language: Language,
  isVisible: (layer: string) => boolean,
  toggle: (layer: string) => void,
): void {
  const opened = new Set(
    [...panel.querySelectorAll<HTMLDetailsElement>('details[open]')].map((one) => one.id),
  )
  const folded = panel.querySelector<HTMLElement>('.legend-body')?.hidden ?? narrow()
  const body = element('div', { className: 'legend-body', hidden: folded })
  for (const group of city.groups) {
    const list = group.layers.map((entry) => row(entry, language, isVisible, toggle, opened))
    body.append(element('h3', {}, group.title[language]), ...list)
  }
  const heading = element('button', { type: 'button', className: 'legend-title' }, word('layers', language))
  const tell = () => heading.setAttribute('aria-expanded', String(!body.hidden))
  heading.addEventListener('click', () => {
    body.hidden = !body.hidden
    tell()
  })
  tell()
  panel.replaceChildren(heading, body)
}

function row(
  entry: LayerEntry,
  language: Language,
  isVisible: (layer: string) => boolean,
  toggle: (layer: string) => void,
  opened: Set<string>,
): HTMLElement {
  const box = element('input', { type: 'checkbox', checked: isVisible(entry.name) })
  box.addEventListener('change', () => toggle(entry.name))
  const title = element('span', {}, entry.title[language])
  const [only] = entry.legend
  if (entry.legend.length === 1 && only) {
    return element('label', { className: 'layer' }, box, swatch(only.colour, entry.geometry), title)
  }
  const id = `legend-${entry.name}`
  const items = entry.legend.map(({ label, colour }) =>
    element('li', {}, swatch(colour, entry.geometry), label[language]),
  )
  const strip = element('span', { className: 'strip' })
  strip.style.background = stripes(entry.legend.map(({ colour }) => colour))
  const more = element('summary', {}, element('label', { className: 'layer' }, box, strip, title))
  return element('details', { id, open: opened.has(id) }, more, element('ul', {}, ...items))
}

function swatch(colour: string, geometry: LayerEntry['geometry']): HTMLElement {
  const made = element('span', { className: `swatch ${geometry}` })
  made.style.setProperty('--colour', colour)
  return made
}

/** Up to four of the colours side by side. */
function stripes(colours: string[]): string {
  const few = [0, 0.3, 0.6, 0.9].map((share) => colours[Math.floor(share * colours.length)] ?? '')
  const bands = few.map((colour, place) => `${colour} ${place * 25}% ${(place + 1) * 25}%`)
  return `linear-gradient(90deg, ${bands.join(', ')})`
}

function narrow(): boolean {
  return window.matchMedia('(max-width: 640px)').matches
}
