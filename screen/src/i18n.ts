/** The page's own words, in both languages. What the city says comes from the service. */
import type { Language } from './hash.ts'
import { stepOf, type Period } from './time.ts'

export type Titles = Readonly<Record<Language, string>>

const WORDS = {
  now: { zh: '现在', en: 'Now' },
  year: { zh: '年', en: 'Year' },
  month: { zh: '月', en: 'Month' },
  day: { zh: '日', en: 'Day' },
  speed: { zh: '每步分钟数', en: 'Minutes a step' },
  play: { zh: '播放', en: 'Play' },
  pause: { zh: '暂停', en: 'Pause' },
  time: { zh: '时点', en: 'Moment' },
  step: { zh: '步长', en: 'Step' },
  layers: { zh: '图层', en: 'Layers' },
  rasters: { zh: '栅格', en: 'Rasters' },
  classes: { zh: '图例', en: 'what its colours mean' },
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
  at: { zh: '所示时刻 …', en: 'As at …' },
  live: { zh: '实时', en: 'Live' },
  replay: { zh: '回放', en: 'Replay' },
  plan: { zh: '方案', en: 'Scenario' },
  dataAsOf: { zh: '数据截至', en: 'Data as of' },
  lost: { zh: '连接中断，正在重连；所示为', en: 'Connection lost, trying again; shown is' },
  asKnown: { zh: '按当时所知', en: 'As known then' },
  asCorrected: { zh: '按今日订正', en: 'As known today' },
  toLive: { zh: '回到实时', en: 'Back to live' },
  silent: { zh: '静默数据源', en: 'Silent sources' },
  dark: { zh: '深色', en: 'Dark' },
  light: { zh: '浅色', en: 'Light' },
  land: { zh: '用地', en: 'Land use' },
  base: { zh: '底图', en: 'Base map' },
  compare: { zh: '对比', en: 'Compare' },
  against: { zh: '与何时、何方案对比', en: 'Compare with' },
  added: { zh: '新增', en: 'added' },
  gone: { zh: '消失', en: 'gone' },
  altered: { zh: '改变', en: 'changed' },
  search: { zh: '搜索地点、部件、图层', en: 'Search places, assets, layers' },
  nothing: { zh: '没有找到', en: 'Nothing found' },
  analyses: { zh: '分析', en: 'Analyses' },
  run: { zh: '运行', en: 'Run' },
  running: { zh: '运行中', en: 'Running' },
  holds: { zh: '平衡成立', en: 'The balance holds' },
  fails: { zh: '平衡不成立', en: 'The balance does not hold' },
  showResult: { zh: '在地图上显示', en: 'Show on the map' },
  token: { zh: '令牌', en: 'Token' },
  signIn: { zh: '登录', en: 'Sign in' },
  signOut: { zh: '退出', en: 'Sign out' },
  disabled: { zh: '回放与方案中不可操作', en: 'Not in replay or in a scenario' },
  heard: { zh: '最近读数', en: 'Last heard' },
  never: { zh: '尚无读数', en: 'Never heard' },
  alerts: { zh: '未处置告警', en: 'Alerts nobody has taken' },
  take: { zh: '接手', en: 'Take' },
  cases: { zh: '在办案件', en: 'Open cases' },
  ago: { zh: '前', en: ' ago' },
  dispatch: { zh: '派遣', en: 'Dispatch' },
  call: { zh: '呼叫', en: 'Call' },
  camera: { zh: '最近监控', en: 'Nearest camera' },
  noCamera: { zh: '没有可见的监控点', en: 'No camera can be seen' },
  goThere: { zh: '定位', en: 'Go there' },
  untaken: { zh: '无人接手', en: 'Nobody has taken it for' },
  escalates: { zh: '{clock} 后升级至{tier}', en: 'goes to the {tier} in {clock}' },
  escalated: { zh: '已在{tier}级', en: 'is with the {tier}' },
  noIncident: { zh: '尚未归入事件，不能派遣', en: 'It is in no incident yet, and cannot be dispatched' },
  dispatched: { zh: '已派遣至', en: 'Dispatched to' },
  incidents: { zh: '协同事件', en: 'Incidents' },
  gathered: { zh: '项', en: 'gathered' },
  tasks: { zh: '项待办', en: 'to do' },
  openTasks: { zh: '待办任务', en: 'Tasks not done' },
  asked: { zh: '待确认', en: 'not confirmed' },
  accepted: { zh: '处理中', en: 'being done' },
  indicators: { zh: '城市体征', en: 'Indicators' },
  target: { zh: '目标', en: 'target' },
  stale: { zh: '数据陈旧', en: 'Stale' },
  troubleStale: { zh: '告警未能刷新，所示为', en: 'Alerts could not be refreshed; shown is' },
  draw: { zh: '在图上绘制', en: 'Draw on the map' },
  drawPoint: { zh: '点', en: 'Point' },
  drawLine: { zh: '线', en: 'Line' },
  drawPolygon: { zh: '面', en: 'Polygon' },
  drawHelp: {
    zh: '单击加点，双击或回车结束，退格撤销一点，Esc 取消',
    en: 'Click adds a point; double click or Enter ends, Backspace undoes, Esc cancels',
  },
  drawn: { zh: '已绘制', en: 'Drawn' },
  clear: { zh: '清除', en: 'Clear' },
  more: { zh: '更多', en: 'More' },
  scenes: { zh: '场景', en: 'Scenes' },
  saveScene: { zh: '保存此场景', en: 'Save this scene' },
  sceneName: { zh: '场景名称', en: 'Name of the scene' },
  push: { zh: '推屏', en: 'Push to the wall' },
  pushed: { zh: '已推送到大屏', en: 'Pushed to the wall' },
  wallName: { zh: '大屏名称', en: 'Name of the wall' },
  tour: { zh: '轮巡', en: 'Tour' },
  tourHeld: { zh: '轮巡暂停：有红、橙告警', en: 'Tour held: a red or orange alert' },
  bulletin: { zh: '快报', en: 'Bulletin' },
  handover: { zh: '交接班', en: 'Shift handover' },
  dutyLog: { zh: '值班日志', en: 'Duty log' },
  warnings: { zh: '官方预警', en: 'Official warnings' },
  leftOver: { zh: '移交未处置告警', en: 'Alerts handed over' },
  opened: { zh: '本班新增告警', en: 'Alerts of the shift' },
  taken: { zh: '已接手', en: 'Taken' },
  givenBy: { zh: '交班人', en: 'Given by' },
  takenBy: { zh: '接班人', en: 'Taken over by' },
  wallLayout: { zh: '大屏', en: 'Wall' },
  forget: { zh: '删除', en: 'Forget' },
  print: { zh: '打印', en: 'Print' },
  is_never: { zh: '尚无读数', en: 'never heard' },
  is_well: { zh: '正常', en: 'well' },
  is_silent: { zh: '静默', en: 'silent' },
  is_blue: { zh: '蓝色告警', en: 'blue alert' },
  is_yellow: { zh: '黄色告警', en: 'yellow alert' },
  is_orange: { zh: '橙色告警', en: 'orange alert' },
  is_red: { zh: '红色告警', en: 'red alert' },
  listed: {
    zh: '此浏览器不支持 WebGL 2，以列表代替地图。',
    en: 'This browser has no WebGL 2: a list in place of the map.',
  },
} as const satisfies Record<string, Titles>

export function word(name: keyof typeof WORDS, language: Language): string {
  return WORDS[name][language]
}

/** A number with at most four digits that count, as the language groups them. */
export function number(value: number, language: Language): string {
  const locale = language === 'zh' ? 'zh-CN' : 'en-GB'
  return new Intl.NumberFormat(locale, { maximumSignificantDigits: 4 }).format(value)
}

/** A year or month as people write it: 2013年5月, May 2013. */
export function periodName(period: Period, language: Language): string {
  if (stepOf(period) === 'minute') return period.replace('T', ' ')
  const [year, month] = period.split('-').map(Number)
  if (month === undefined) return language === 'zh' ? `${year}年` : `${year}`
  if (language === 'zh') return `${year}年${month}月`
  const name = new Intl.DateTimeFormat('en', { month: 'short', timeZone: 'UTC' })
  return `${name.format(Date.UTC(2000, month - 1))} ${year}`
}

/** A moment (ms since 1970) by the city's clocks, to the minute. */
export function momentName(moment: number, language: Language, zone: string): string {
  const locale = language === 'zh' ? 'zh-CN' : 'en-GB'
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: zone }).format(moment)
}

/** A day by the city's clocks. */
export function dayName(instant: string, language: Language, zone: string): string {
  const day = new Date(instant)
  if (Number.isNaN(day.getTime())) return instant
  const locale = language === 'zh' ? 'zh-CN' : 'en-GB'
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: zone }).format(day)
}
