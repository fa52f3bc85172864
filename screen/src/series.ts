/** The readings of an asset as lines, each property with its newest value: small, drawn as SVG. */
import { get } from './api.ts'
import { withAsOf, type AsOf } from './asof.ts'
import { element } from './dom.ts'
import type { Reading } from './twin/fleet.ts'

const WIDTH = 260
const HEIGHT = 56
const DAY_MS = 24 * 3600_000
const SVG = 'http://www.w3.org/2000/svg'

export interface Line {
  readonly property: string
  readonly unit: string | null
  readonly at: readonly number[]
  readonly value: readonly number[]
}

interface Series {
  property: string
  kind: string
  unit: string | null
  at: string[]
  value?: number[]
  mean?: (number | null)[]
}

/** The last day before the AsOf, in stretches of five minutes. */
export async function fetchLines(asset: string, asOf: AsOf): Promise<Line[]> {
  const end = asOf.datetime ? Date.parse(asOf.datetime) : Date.now()
  const words = new URLSearchParams({
    asset,
    every: '5min',
    from: new Date(end - DAY_MS).toISOString(),
    to: new Date(end).toISOString(),
  })
  const told = await get<{ series: Series[] }>(
    withAsOf(`twin/series?${words}`, { ...asOf, datetime: null }),
  )
  return told.series
    .filter(({ kind }) => kind === 'number')
    .map(({ property, unit, at, mean = [] }) => ({
      property,
      unit,
      at: at.map((one) => Date.parse(one)),
      value: mean.map((one) => one ?? NaN),
    }))
}

/** A property: its name, its value now, and its day as a line. */
export function readingRow(reading: Reading, line: Line | undefined): HTMLElement {
  const shown = typeof reading.value === 'number' ? trimmed(reading.value) : (reading.value ?? '–')
  const row = element('div', { className: 'reading' })
  row.append(
    element('span', {}, reading.property),
    element('b', {}, `${shown}`, element('small', {}, reading.unit ? ` ${reading.unit}` : '')),
  )
  if (line && line.value.some((one) => !Number.isNaN(one))) row.append(chart(line))
  return row
}

function chart(line: Line): Element {
  const points = line.at.map((at, place) => [at, line.value[place] ?? NaN] as const)
  const told = points.filter(([, value]) => !Number.isNaN(value))
  const values = told.map(([, value]) => value)
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const [start, end] = [told[0]?.[0] ?? 0, told.at(-1)?.[0] ?? 1]
  const x = (at: number) => ((at - start) / (end - start || 1)) * WIDTH
  const y = (value: number) => HEIGHT - 4 - ((value - low) / (high - low || 1)) * (HEIGHT - 8)
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`)
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-label', `${line.property}: ${trimmed(low)} – ${trimmed(high)}`)
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', told.map(([at, v], i) => `${i ? 'L' : 'M'}${x(at).toFixed(1)} ${y(v).toFixed(1)}`).join(''))
  svg.append(path, label(trimmed(high), 10), label(trimmed(low), HEIGHT - 2))
  return svg
}

function label(text: string, y: number): Element {
  const made = document.createElementNS(SVG, 'text')
  made.setAttribute('x', String(WIDTH))
  made.setAttribute('y', String(y))
  made.setAttribute('text-anchor', 'end')
  made.textContent = text
  return made
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(4)))
}
