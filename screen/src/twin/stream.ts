/** One stream of events for the whole browser: a shared worker listens, and tells every page. */

/** What a page asks: events after a cursor of an address; again, with who listens being another. */
export interface Ask {
  readonly url: string
  readonly renew: boolean
}

/** What is relayed. `joined`: the stream was there before, and its keyframe is gone by. */
export type Relayed =
  | { readonly event: 'keyframe' | 'state' | 'heartbeat' | 'change' | 'notice'; readonly data: string }
  | { readonly event: 'open' | 'lost' | 'joined'; readonly data: null }

const KINDS = ['keyframe', 'state', 'heartbeat', 'change', 'notice'] as const
const RETRY_MS = 2000

/** A stream that is kept up: where the browser gives up, it is opened again from its cursor. */
export class Stream {
  readonly #url: string
  readonly #tell: (told: Relayed) => void
  #source: EventSource | null = null
  #cursor = ''
  #again: ReturnType<typeof setTimeout> | undefined

  constructor(url: string, tell: (told: Relayed) => void) {
    this.#url = url
    this.#tell = tell
    this.#open()
  }

  close(): void {
    clearTimeout(this.#again)
    this.#source?.close()
  }

  #open(): void {
    const from = this.#cursor ? `${this.#url}${this.#url.includes('?') ? '&' : '?'}since=${this.#cursor}` : this.#url
    const source = (this.#source = new EventSource(from))
    for (const event of KINDS) {
      source.addEventListener(event, ({ data, lastEventId }: MessageEvent<string>) => {
        this.#cursor = lastEventId
        this.#tell({ event, data })
      })
    }
    source.onopen = () => this.#tell({ event: 'open', data: null })
    source.onerror = () => {
      this.#tell({ event: 'lost', data: null })
      if (source.readyState === EventSource.CLOSED) this.#again = setTimeout(() => this.#open(), RETRY_MS)
    }
  }
}
