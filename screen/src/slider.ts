/** The one control of time: years or months from the city's beginning, or the minutes of a day. */
import { element } from './dom.ts'
import type { Language } from './hash.ts'
import { periodName, word } from './i18n.ts'
import { delay } from './throttle.ts'
import { ticks } from './ticks.ts'
import { inSteps, periodOf, shift, stepOf, stepsBetween, type Period, type Step } from './time.ts'

const PAUSE: Record<Step, number> = { year: 900, month: 350, minute: 250 }
const STEPS = ['year', 'month', 'minute'] as const
const DAY = 24 * 60
/** Minutes that a step of the player takes. */
const SPEEDS = [1, 5, 15] as const

export interface SliderOptions {
  readonly begin: Date
  readonly zone: string
  /** Called with a period, or null for now, whenever the viewer or the player moves. */
  readonly change: (time: Period | null) => void
  /** Resolves when the map shows what was asked for; the player waits for it. */
  readonly settled: () => Promise<void>
}

export class Slider {
  readonly #options: SliderOptions
  readonly #play = element('button', { type: 'button', className: 'play' })
  readonly #range = element('input', { type: 'range', min: '0' })
  readonly #ticks = element('div', { className: 'ticks' })
  readonly #label = element('output')
  readonly #speed = element('button', { type: 'button', className: 'speed' })
  readonly #steps = new Map<Step, HTMLButtonElement>()
  #step: Step = 'year'
  #language: Language = 'zh'
  #run = 0
  #stride = 0
  /** The last minute of the day on the slider; null: the day goes on. */
  #dayEnd: Period | null = null

  constructor(panel: HTMLElement, options: SliderOptions) {
    this.#options = options
    const track = element('div', { className: 'track' }, this.#range, this.#ticks)
    const steps = element('div', { className: 'steps' })
    for (const step of STEPS) {
      const button = element('button', { type: 'button' })
      button.addEventListener('click', () => this.#restep(step))
      this.#steps.set(step, button)
      steps.append(button)
    }
    panel.replaceChildren(this.#play, this.#label, track, this.#speed, steps)
    this.#play.addEventListener('click', () => (this.#run ? this.#stop() : void this.#start()))
    this.#range.addEventListener('input', () => this.#moved(this.#range.valueAsNumber))
    this.#speed.addEventListener('click', () => {
      this.#stride = (this.#stride + 1) % SPEEDS.length
      this.#paint()
    })
    window.addEventListener('keydown', (event) => this.#key(event), { capture: true })
  }

  /** Shows a time, told from outside. */
  show(time: Period | null, language: Language): void {
    this.#language = language
    if (time) this.#step = stepOf(time)
    if (this.#step === 'minute') this.#dayEnd = this.#dayWith(time)
    const place = time ? stepsBetween(this.#first, time) : this.#last
    this.#range.max = String(this.#last)
    this.#range.value = String(place)
    this.#paint()
  }

  /** The end of a day on the slider that a time lies in; null for the last one. */
  #dayWith(time: Period | null): Period | null {
    const now = this.#now
    if (!time || stepsBetween(time, now) <= DAY) return null
    const end = this.#dayEnd
    const inside = end && stepsBetween(time, end) >= 0 && stepsBetween(time, end) <= DAY
    return inside ? end : shift(time, DAY / 2)
  }

  get #now(): Period {
    return periodOf(new Date(), this.#step, this.#options.zone)
  }

  get #first(): Period {
    if (this.#step === 'minute') return shift(this.#dayEnd ?? this.#now, -DAY)
    return periodOf(this.#options.begin, this.#step, this.#options.zone)
  }

  get #last(): number {
    return stepsBetween(this.#first, this.#step === 'minute' ? (this.#dayEnd ?? this.#now) : this.#now)
  }

  get #time(): Period | null {
    const place = this.#range.valueAsNumber
    return place >= this.#last && !this.#dayEnd ? null : shift(this.#first, place)
  }

  #moved(place: number): void {
    this.#stop()
    this.#go(place)
  }

  #go(place: number): void {
    this.#range.value = String(place)
    this.#paint()
    this.#options.change(this.#time)
  }

  #restep(step: Step): void {
    this.#stop()
    const time = this.#time
    this.#step = step
    const moved = time && inSteps(time, step)
    this.show(moved, this.#language)
    this.#options.change(moved)
  }

  #key(event: KeyboardEvent): void {
    const moves: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1 }
    const move = moves[event.key]
    const modified = event.shiftKey || event.ctrlKey || event.altKey || event.metaKey
    const typing = event.target instanceof Element && event.target.closest('select, input:not([type=range]), textarea')
    if (!move || modified || typing) return
    event.preventDefault()
    event.stopPropagation()
    this.#moved(Math.max(0, Math.min(this.#last, this.#range.valueAsNumber + move)))
  }

  async #start(): Promise<void> {
    const run = (this.#run = performance.now())
    if (this.#range.valueAsNumber >= this.#last) this.#go(0)
    this.#paint()
    while (this.#range.valueAsNumber < this.#last) {
      await Promise.all([delay(PAUSE[this.#step]), this.#options.settled()])
      if (this.#run !== run) return
      const stride = this.#step === 'minute' ? (SPEEDS[this.#stride] ?? 1) : 1
      this.#go(Math.min(this.#last, this.#range.valueAsNumber + stride))
    }
    this.#stop()
  }

  #stop(): void {
    this.#run = 0
    this.#paint()
  }

  #paint(): void {
    const language = this.#language
    const time = this.#time
    const name = time ? periodName(time, language) : word('now', language)
    this.#label.textContent = name
    this.#range.ariaLabel = word('time', language)
    this.#range.ariaValueText = name
    this.#range.style.setProperty('--done', `${(this.#range.valueAsNumber / (this.#last || 1)) * 100}%`)
    this.#play.ariaLabel = this.#play.title = word(this.#run ? 'pause' : 'play', language)
    this.#play.classList.toggle('playing', this.#run > 0)
    this.#speed.hidden = this.#step !== 'minute'
    this.#speed.textContent = `${SPEEDS[this.#stride]}′`
    this.#speed.title = this.#speed.ariaLabel = word('speed', language)
    for (const [step, button] of this.#steps) {
      button.textContent = word(step === 'minute' ? 'day' : step, language)
      button.ariaPressed = String(step === this.#step)
    }
    const marks = ticks(this.#first, this.#last).map(({ place, label }) => {
      const tick = element('span', {}, label)
      tick.style.left = `${place * 100}%`
      return tick
    })
    this.#ticks.replaceChildren(...marks)
  }
}
