/** What the page asks of the analyses: which there are, what they take, and how a run goes. */
import { get, send } from './api.ts'
import { type AsOf } from './asof.ts'
import type { Language } from './hash.ts'
import type { Kind } from './sketch.ts'
import { delay } from './throttle.ts'

const GLANCE_MS = 500

export interface InputSchema {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly default?: unknown
  readonly anyOf?: readonly InputSchema[]
  readonly minimum?: number
  readonly maximum?: number
  readonly 'x-input-kind'?: string
  readonly 'x-ogc-unit'?: string
  /** What people draw for it on the map. */
  readonly 'x-drawn'?: Kind
}

export interface Input {
  readonly title: string
  readonly schema: InputSchema
  readonly minOccurs: number
}

export interface Process {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly inputs: Readonly<Record<string, Input>>
}

export interface Result {
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: Readonly<Record<string, unknown>>
  readonly certificate: {
    readonly equation: string
    readonly holds: boolean
    readonly residual: number
    readonly unit: string
  } | null
}

interface Status {
  readonly jobID: string
  readonly status: 'accepted' | 'running' | 'successful' | 'failed' | 'dismissed'
  readonly progress?: number
  readonly message?: string
}

/** What every analysis takes and the screen says by itself. */
export const COMMON = ['datetime', 'known_at', 'scenario', 'output']

export async function fetchProcesses(language: Language): Promise<Pick<Process, 'id' | 'title'>[]> {
  const told = await get<{ processes: Process[] }>(`processes?f=json&limit=1000&lang=${language}`)
  return told.processes.map(({ id, title }) => ({ id, title }))
}

export function fetchProcess(id: string, language: Language): Promise<Process> {
  return get<Process>(`processes/${id}?f=json&lang=${language}`)
}

/** Runs an analysis and tells how far it is; throws the service's own sentence where it fails. */
export async function run(
  id: string,
  inputs: Readonly<Record<string, unknown>>,
  asOf: AsOf,
  tell: (share: number, message: string) => void,
): Promise<Result> {
  const said = Object.fromEntries(Object.entries(asOf).filter(([, value]) => value !== null))
  let job = await send<Status>(`processes/${id}/execution`, { inputs: { ...inputs, ...said } }, 'POST', {
    Prefer: 'respond-async',
  })
  while (job.status === 'accepted' || job.status === 'running') {
    tell((job.progress ?? 0) / 100, job.message ?? '')
    await delay(GLANCE_MS)
    job = await get<Status>(`jobs/${job.jobID}?f=json`)
  }
  if (job.status !== 'successful') throw new Error(job.message || job.status)
  return get<Result>(`jobs/${job.jobID}/results?f=json`)
}
