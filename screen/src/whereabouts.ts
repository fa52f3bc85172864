/** Where a place is, in words, and who keeps a layer: asked once, and kept. */
import { get } from './api.ts'
import type { Titles } from './i18n.ts'

/** Whose a layer is. */
export interface Keeper {
  readonly organization: string
  readonly person?: string
  readonly phone?: string
  readonly email?: string
}

interface Contact {
  organization?: string
  name?: string
  roles?: string[]
  phones?: { value: string }[]
  emails?: { value: string }[]
}

/** The layers that say where a place is, the nearest to it last. */
const AREAS = ['subdistricts', 'districts'] as const
const DIGITS = 4

export class Whereabouts {
  readonly #places = new Map<string, Titles | null>()
  readonly #keepers = new Map<string, Keeper | null>()
  readonly #learned: () => void
  readonly #asked = new Set<Promise<void>>()

  /** `learned` is called when what was asked for is known. */
  constructor(learned: () => void) {
    this.#learned = learned
  }

  /** The area that a place lies in; null while it is not known. */
  where([lng, lat]: readonly [number, number]): Titles | null {
    const key = `${lng.toFixed(DIGITS)},${lat.toFixed(DIGITS)}`
    return this.#known(this.#places, key, async () => {
      for (const layer of AREAS) {
        const words = new URLSearchParams({ bbox: `${key},${key}`, limit: '1', skipGeometry: 'true', f: 'json' })
        const { features } = await get<{ features: { properties: Record<string, string> }[] }>(
          `collections/${layer}/items?${words}`,
        )
        const named = features[0]?.properties
        if (named) return { zh: named['name_zh'] ?? named['name'] ?? '', en: named['name_en'] ?? named['name'] ?? '' }
      }
      return null
    })
  }

  /** Who keeps a layer, as the catalogue says; null while it is not known. */
  keeper(layer: string): Keeper | null {
    return this.#known(this.#keepers, layer, async () => {
      const told = await get<{ properties: { contacts?: Contact[] } }>(`collections/catalogue/items/${encodeURIComponent(layer)}?f=json`)
      const { contacts = [] } = told.properties
      const one = contacts.find(({ roles = [] }) => roles.includes('custodian')) ?? contacts[0]
      if (!one) return null
      const [phone] = one.phones ?? []
      const [email] = one.emails ?? []
      return {
        organization: one.organization ?? '',
        ...(one.name ? { person: one.name } : {}),
        ...(phone ? { phone: phone.value } : {}),
        ...(email ? { email: email.value } : {}),
      }
    })
  }

  /** Resolves when all that was asked for is known. */
  async settled(): Promise<void> {
    await Promise.all(this.#asked)
  }

  #known<T>(store: Map<string, T | null>, key: string, ask: () => Promise<T | null>): T | null {
    if (store.has(key)) return store.get(key) ?? null
    store.set(key, null)
    const asked: Promise<void> = ask()
      .then((found) => {
        store.set(key, found)
        if (found) this.#learned()
      })
      .catch(() => void store.delete(key)) // asked again at the next look
      .finally(() => this.#asked.delete(asked))
    this.#asked.add(asked)
    return null
  }
}
