/** The binary body of the twin's state: `application/vnd.citytwin.state`, as docs/twin.md lays it out. */

const HEAD = 16
const MAGIC = 'CTS1'

/** Rows side by side; the last `lat.length` of them are positions, `x` their longitudes. */
export interface StateBody {
  readonly at: string
  readonly knownAt: string
  readonly cursor: number
  readonly words: Readonly<Record<string, string>>
  /** When each value was so, in milliseconds since 1970. */
  readonly times: Float64Array
  readonly x: Float64Array
  readonly lat: Float64Array
  readonly series: Uint32Array
  readonly quality: Uint8Array
}

export function decodeState(body: ArrayBuffer): StateBody {
  const view = new DataView(body)
  const magic = String.fromCharCode(...new Uint8Array(body, 0, 4))
  if (magic !== MAGIC) throw new Error(`This is no state of the twin: ${magic}`)
  const rows = view.getUint32(4, true)
  const positions = view.getUint32(8, true)
  const length = view.getUint32(12, true)
  const header = JSON.parse(text(body, HEAD, length)) as {
    at: string
    known_at: string
    cursor: number
    words: Record<string, string>
  }
  let place = HEAD + length
  const next = (item: number, count: number) => {
    const start = Math.ceil(place / item) * item
    place = start + item * count
    return start
  }
  const micros = new BigInt64Array(body, next(8, rows), rows)
  return {
    at: header.at,
    knownAt: header.known_at,
    cursor: header.cursor,
    words: header.words,
    times: Float64Array.from(micros, (one) => Number(one / 1000n)),
    x: new Float64Array(body, next(8, rows), rows),
    lat: new Float64Array(body, next(8, positions), positions),
    series: new Uint32Array(body, next(4, rows), rows),
    quality: new Uint8Array(body, next(1, rows), rows),
  }
}

/** The bytes of base64, as server-sent events carry them. */
export function fromBase64(data: string): ArrayBuffer {
  const binary = atob(data)
  const bytes = new Uint8Array(binary.length)
  for (let place = 0; place < binary.length; place++) bytes[place] = binary.charCodeAt(place)
  return bytes.buffer
}

/** The header is padded with zeros. */
function text(body: ArrayBuffer, start: number, length: number): string {
  return new TextDecoder().decode(new Uint8Array(body, start, length)).replace(/\0+$/, '')
}
