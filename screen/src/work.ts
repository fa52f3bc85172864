/** The analyses at the desk: pick one, fill its form, watch it run, see what came of it. */
import { COMMON, fetchProcess, fetchProcesses, run, type Input, type Process, type Result } from './analyses.ts'
import { session } from './api.ts'
import { type AsOf } from './asof.ts'
import { element } from './dom.ts'
import { drawnField, drawnKind } from './drawn_field.ts'
import type { Language } from './hash.ts'
import { word } from './i18n.ts'
import type { Canvas } from './scene.ts'

export interface WorkOptions {
  readonly canvas: Canvas
  readonly asOf: () => AsOf
  readonly show: (layer: string) => void
  /** Remembers which form is open; null: none, and the work is closed. */
  readonly choose: (id: string | null) => void
}

export interface Named {
  readonly name: string
  readonly title: string
}

type Control = HTMLInputElement | HTMLSelectElement

export class Work {
  readonly #panel: HTMLElement
  readonly #options: WorkOptions
  #layers: readonly Named[] = []
  #language: Language = 'zh'
  #shown = 'null'

  constructor(panel: HTMLElement, options: WorkOptions) {
    this.#panel = panel
    this.#options = options
  }

  /** Opens the form of an analysis, the choice of them (""), or nothing (null). */
  open(id: string | null, language: Language, layers: readonly Named[]): void {
    this.#layers = layers
    this.#language = language
    const wanted = JSON.stringify([id, language])
    if (wanted === this.#shown) return
    this.#shown = wanted
    this.#panel.hidden = id === null
    this.#options.canvas.showSketch(null)
    if (id !== null) void this.#build(id).catch((error: unknown) => this.#panel.append(failed(error)))
  }

  async #build(id: string): Promise<void> {
    const { choose } = this.#options
    const found = await fetchProcesses(this.#language)
    const select = element('select', { ariaLabel: word('analyses', this.#language) })
    select.append(element('option', { value: '' }, '…'))
    for (const { id: name, title } of found) select.append(element('option', { value: name }, title))
    select.value = id
    select.addEventListener('change', () => choose(select.value))
    const close = element('button', { type: 'button', className: 'close', ariaLabel: word('close', this.#language) }, '×')
    close.addEventListener('click', () => choose(null))
    const body = element('div', { className: 'work-body' })
    this.#panel.replaceChildren(close, element('h2', {}, word('analyses', this.#language)), select, body)
    await this.#choose(id, body)
  }

  async #choose(id: string, body: HTMLElement): Promise<void> {
    if (!id) return body.replaceChildren()
    const process = await fetchProcess(id, this.#language)
    const controls = new Map<string, Control>()
    const drawn = new Map<string, () => unknown>()
    const form = element('form')
    form.append(element('p', { className: 'about' }, process.description))
    for (const [name, input] of Object.entries(process.inputs)) {
      if (COMMON.includes(name)) continue
      const kind = drawnKind(input)
      if (kind) {
        const field = drawnField(kind, input, this.#options.canvas, this.#language)
        drawn.set(name, field.value)
        form.append(field.element)
        continue
      }
      const control = this.#control(input)
      controls.set(name, control)
      const unit = input.schema['x-ogc-unit']
      form.append(element('label', {}, element('span', {}, input.title, unit ? ` (${unit})` : ''), control))
    }
    const told = element('output')
    const button = element('button', { type: 'submit', className: 'primary' }, word('run', this.#language))
    button.disabled = session.token === null
    button.title = button.disabled ? word('signIn', this.#language) : ''
    form.append(button, told)
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      button.disabled = true
      const shapes = [...drawn].map(([name, value]) => [name, value()] as const).filter(([, value]) => value !== null)
      void this.#run(process, { ...values(controls, process), ...Object.fromEntries(shapes) }, told).finally(() => (button.disabled = false))
    })
    body.replaceChildren(form)
  }

  /** A field for an input: of layers, of words, of yes and no, or of text and numbers. */
  #control({ schema, minOccurs }: Input): Control {
    const kind = schema['x-input-kind'] ?? schema.anyOf?.find((one) => one['x-input-kind'])?.['x-input-kind']
    const words = schema.enum ?? schema.anyOf?.find((one) => one.enum)?.enum
    if (kind === 'layer' || words) {
      const select = element('select', { required: minOccurs > 0 })
      const choices = words ?? this.#layers.map(({ name }) => name)
      const titles = new Map(this.#layers.map(({ name, title }) => [name, title]))
      if (minOccurs === 0 && kind === 'layer') select.append(element('option', { value: '' }, '–'))
      select.append(...choices.map((one) => element('option', { value: one }, (kind && titles.get(one)) || one)))
      if (typeof schema.default === 'string') select.value = schema.default
      return select
    }
    if (schema.type === 'boolean') return element('input', { type: 'checkbox', checked: schema.default === true })
    const plain = schema.default === undefined || schema.default === null ? '' : String(schema.default)
    const number = schema.type === 'number' || schema.type === 'integer'
    const field = element('input', { type: number ? 'number' : 'text', value: plain, required: minOccurs > 0 })
    if (number) field.step = schema.type === 'integer' ? '1' : 'any'
    return field
  }

  async #run(process: Process, inputs: Record<string, unknown>, told: HTMLElement): Promise<void> {
    const bar = element('progress', { max: 1, value: 0 })
    const message = element('span', {}, word('running', this.#language))
    told.replaceChildren(bar, message)
    try {
      const result = await run(process.id, inputs, this.#options.asOf(), (share, text) => {
        bar.value = share
        message.textContent = text || word('running', this.#language)
      })
      told.replaceChildren(...this.#result(result))
    } catch (error) {
      told.replaceChildren(failed(error))
    }
  }

  #result({ outputs, summary, certificate }: Result): HTMLElement[] {
    const language = this.#language
    const made = Object.entries(outputs).map(([, name]) => {
      const button = element('button', { type: 'button' }, `${word('showResult', language)}: ${name}`)
      button.addEventListener('click', () => this.#options.show(name))
      return button
    })
    const balance = certificate && element(
      'p',
      { className: certificate.holds ? 'holds' : 'error' },
      `${certificate.holds ? '✓' : '✕'} ${word(certificate.holds ? 'holds' : 'fails', language)}: ${certificate.equation}`,
    )
    const rows = Object.entries(summary)
      .filter(([, value]) => typeof value === 'number' || typeof value === 'string')
      .flatMap(([key, value]) => [element('dt', {}, key), element('dd', {}, String(value))])
    return [...made, ...(balance ? [balance] : []), element('dl', {}, ...rows)]
  }
}

function failed(error: unknown): HTMLElement {
  return element('p', { className: 'error' }, error instanceof Error ? error.message : String(error))
}

/** The fields that say something, as JSON has them. */
function values(controls: ReadonlyMap<string, Control>, process: Process): Record<string, unknown> {
  const said: Record<string, unknown> = {}
  for (const [name, control] of controls) {
    const schema = process.inputs[name]?.schema
    if (control instanceof HTMLInputElement && control.type === 'checkbox') said[name] = control.checked
    else if (control.value !== '') {
      const number = schema?.type === 'number' || schema?.type === 'integer'
      said[name] = number ? Number(control.value) : control.value
    }
  }
  return said
}
