/** The time slider: years or months from the city's beginning to now, by hand or playing. */
import { element } from './dom.ts'
import type { Language } from './hash.ts'
import { periodName, word } from './i18n.ts'
import { delay } from './throttle.ts'
import { inSteps, periodOf, shift, stepOf, stepsBetween, type Period, type Step } from './time.ts'

const PAUSE: Record<Step, number> = { year: 900, month: 350 }

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
  readonly #steps = { year: element('button'), month: element('button') }
  #step: Step = 'year'
  #language: Language = 'zh'
  #run = 0

  constructor(panel: HTMLElement, options: SliderOptions) {
    this.#options = options
    const track = element('div', { className: 'track' }, this.#range, this.#ticks)
    const { year, month } = this.#steps
    const steps = element('div', { className: 'steps' }, year, month)
    panel.replaceChildren(this.#play, this.#label, track, steps)
    this.#play.addEventListener('click', () => (this.#run ? this.#stop() : void this.#start()))
    this.#range.addEventListener('input', () => this.#moved(this.#range.valueAsNumber))
    for (const step of ['year', 'month'] as const) {
      this.#steps[step].type = 'button'
      this.#steps[step].addEventListener('click', () => this.#restep(step))
    }
    window.addEventListener('keydown', (event) => this.#key(event), { capture: true })
  }

  /** Shows a time, told from outside. */
  show(time: Period | null, language: Language): void {
    this.#language = language
    if (time) this.#step = stepOf(time)
    const place = time ? stepsBetween(this.#first, time) : this.#last
    this.#range.max = String(this.#last)
    this.#range.value = String(place)
    this.#paint()
  }

  get #first(): Period {
    return periodOf(this.#options.begin, this.#step, this.#options.zone)
  }

  get #last(): number {
    return stepsBetween(this.#first, periodOf(new Date(), this.#step, this.#options.zone))
  }

  get #time(): Period | null {
    const place = this.#range.valueAsNumber
    return place >= this.#last ? null : shift(this.#first, place)
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
    if (!move || modified || event.target instanceof HTMLSelectElement) return
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
      this.#go(this.#range.valueAsNumber + 1)
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
    for (const step of ['year', 'month'] as const) {
      this.#steps[step].textContent = word(step, language)
      this.#steps[step].ariaPressed = String(step === this.#step)
    }
    this.#ticks.replaceChildren(...this.#years())
  }

  /** Every fifth year below the track. */
  #years(): HTMLElement[] {
    const first = this.#first
    const from = Number(first.slice(0, 4))
    const years = Array.from({ length: 400 }, (_, ahead) => from + ahead)
    return years
      .filter((year) => year % 5 === 0)
      .map((year) => [year, stepsBetween(first, stepOf(first) === 'year' ? `${year}` : `${year}-01`)] as const)
      .filter(([, place]) => place >= 0 && place <= this.#last * 0.97)
      .map(([year, place]) => {
        const tick = element('span', {}, String(year))
        tick.style.left = `${(place / (this.#last || 1)) * 100}%`
        return tick
      })
  }
}
