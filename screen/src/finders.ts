/** What the search box looks through: the twin's assets, and the catalogue's layers. */
import { word } from './i18n.ts'
import type { Language } from './hash.ts'
import { findLayers, type Finder } from './search.ts'
import type { Twin } from './twin/twin.ts'

const HITS = 6

export function finders(
  twin: Twin,
  language: () => Language,
  titleOf: (layer: string) => string,
  openAsset: (asset: string) => void,
  showLayer: (layer: string) => void,
): Finder[] {
  return [
    (text) => twin.search(text, HITS).map(({ asset, layer }) => ({ kind: titleOf(layer), title: asset, go: () => openAsset(asset) })),
    async (text) => (await findLayers(text, language())).map(({ name, title }) => ({
      kind: word('layers', language()),
      title,
      go: () => showLayer(name),
    })),
  ]
}
