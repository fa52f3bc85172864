/** The page's own words, in both languages. What the city says comes from the service. */
import type { Language } from './hash.ts'
import type { Period } from './time.ts'

export type Titles = Readonly<Record<Language, string>>

const WORDS = {
  now: { zh: '现在', en: 'Now' },
  year: { zh: '年', en: 'Year' },
  month: { zh: '月', en: 'Month' },
  play: { zh: '播放', en: 'Play' },
  pause: { zh: '暂停', en: 'Pause' },
  time: { zh: '时点', en: 'Moment' },
  step: { zh: '步长', en: 'Step' },
  layers: { zh: '图层', en: 'Layers' },
  close: { zh: '关闭', en: 'Close' },
  otherLanguage: { zh: 'English', en: '中文' },
  tilt: { zh: '三维', en: '3D' },
  flat: { zh: '平面', en: '2D' },
  scenario: { zh: '方案', en: 'Scenario' },
  main: { zh: '主线', en: 'Main line' },
  since: { zh: '始于', en: 'Since' },
  until: { zh: '止于', en: 'Until' },
  today: { zh: '至今', en: 'today' },
  absent: { zh: '此时点尚无或已不存在。', en: 'Not there at this moment.' },
  unreachable: { zh: '服务暂时没有应答，稍后自动重试。', en: 'The service does not answer; trying again.' },
  undrawable: {
    zh: '地图无法显示：浏览器需要支持 WebGL 2。',
    en: 'The map cannot be drawn: the browser needs WebGL 2.',
  },
  asOf: { zh: '截至…末', en: 'As of the end of …' },
} as const satisfies Record<string, Titles>

export function word(name: keyof typeof WORDS, language: Language): string {
  return WORDS[name][language]
}

/** A year or month as people write it: 2013年5月, May 2013. */
export function periodName(period: Period, language: Language): string {
  const [year, month] = period.split('-').map(Number)
  if (month === undefined) return language === 'zh' ? `${year}年` : `${year}`
  if (language === 'zh') return `${year}年${month}月`
  const name = new Intl.DateTimeFormat('en', { month: 'short', timeZone: 'UTC' })
  return `${name.format(Date.UTC(2000, month - 1))} ${year}`
}

/** A day by the city's clocks. */
export function dayName(instant: string, language: Language, zone: string): string {
  const day = new Date(instant)
  if (Number.isNaN(day.getTime())) return instant
  const locale = language === 'zh' ? 'zh-CN' : 'en-GB'
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: zone }).format(day)
}
