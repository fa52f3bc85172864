/** The wall's tour of scenes, and what desks push to it. */
import { get, send } from './api.ts'

/** A view that somebody kept, as its address. */
export interface Kept {
  readonly name: string
  readonly hash: string
}

const KEPT = 'citytwin-scenes'

/** The scenes that this browser keeps. */
export function scenes(): Kept[] {
  try {
    const told: unknown = JSON.parse(localStorage.getItem(KEPT) ?? '[]')
    return Array.isArray(told) ? (told as Kept[]).filter(({ name, hash }) => name && hash) : []
  } catch {
    return []
  }
}

/** Keeps a scene under a name; an empty address forgets it. */
export function keepScene(name: string, hash: string): void {
  const others = scenes().filter((one) => one.name !== name)
  localStorage.setItem(KEPT, JSON.stringify(hash ? [...others, { name, hash }] : others))
}

/** Lets every wall of a name show a view. */
export function push(wall: string, view: string): Promise<unknown> {
  return send(`twin/walls/${encodeURIComponent(wall)}`, { view })
}

/** The view that was last pushed to a wall; null: none was. */
export async function pushed(wall: string): Promise<string | null> {
  return (await get<{ view: string | null }>(`twin/walls/${encodeURIComponent(wall)}`)).view
}

/** Where a tour stands. Pure. */
export interface TourState {
  readonly stop: number
  /** When the stop began, in milliseconds. */
  readonly since: number
  /** The worst alerts when the tour began or was last held. */
  readonly seen: readonly number[]
  /** The alert that holds the tour; null: it goes on. */
  readonly held: number | null
}

export const START: TourState = { stop: -1, since: -Infinity, seen: [], held: null }

/**
 * The next state of a tour of so many stops: a new red or orange alert holds it until it is taken;
 * else every stop stays for so many milliseconds.
 */
export function toured(state: TourState, stops: number, urgent: readonly number[], now: number, stay: number): TourState {
  const first = state.stop < 0
  const seen = first ? urgent : state.seen.filter((one) => urgent.includes(one))
  if (state.held !== null && urgent.includes(state.held)) return { ...state, seen }
  const fresh = urgent.find((one) => !seen.includes(one))
  if (fresh !== undefined) return { ...state, since: now, seen: [...urgent], held: fresh }
  const released = state.held !== null
  if (!released && now - state.since < stay) return { ...state, seen, held: null }
  return { stop: stops ? (state.stop + 1) % stops : 0, since: now, seen, held: null }
}
