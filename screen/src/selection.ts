/** The thing that the card is about: chosen on the map, by its name, or by the address. */
import { fetchFeature, type Feature, type LayerEntry } from './api.ts'
import { Asset } from './asset.ts'
import type { AsOf } from './asof.ts'
import { renderCard, type Shown } from './card.ts'
import { byId } from './dom.ts'
import type { Language } from './hash.ts'
import type { Picked } from './scene.ts'

export interface SelectionOptions {
  readonly entry: (layer: string) => LayerEntry | undefined
  readonly asOf: () => AsOf
  readonly language: () => Language
  readonly zone: () => string
  readonly changed: () => void
  readonly close: () => void
  readonly complain: () => void
}

export class Selection {
  readonly asset = new Asset()
  readonly #options: SelectionOptions
  #shown: Shown | null = null
  #drawnAt = ''
  #question = 0

  constructor(options: SelectionOptions) {
    this.#options = options
  }

  get feature(): Feature | null {
    return this.#shown?.feature ?? null
  }

  get picked(): Picked | null {
    return this.#shown && { layer: this.#shown.entry.name, fid: this.#shown.fid }
  }

  /** Opens the card of a thing as it was at the chosen time; null closes it. */
  choose(picked: Picked | null): void {
    void this.#pick(picked).catch(this.#options.complain)
  }

  /** Reads the thing again where the moment is another. */
  follow(): void {
    const key = JSON.stringify(this.#options.asOf())
    if (this.#shown && this.#drawnAt !== key) this.choose(this.picked)
    this.#drawnAt = key
  }

  render(): void {
    const card = byId('card')
    card.hidden = !this.#shown
    if (!this.#shown) return
    const { language, zone, close } = this.#options
    renderCard(card, this.#shown, language(), zone(), close)
    card.querySelector('dl')?.before(this.asset.element)
  }

  async #pick(picked: Picked | null): Promise<void> {
    const asked = ++this.#question
    const entry = picked && this.#options.entry(picked.layer)
    const feature = picked && entry ? await fetchFeature(picked.layer, picked.fid, this.#options.asOf()) : null
    if (asked !== this.#question) return
    this.#shown = picked && entry ? { entry, fid: picked.fid, feature } : null
    this.render()
    this.#options.changed()
  }
}
