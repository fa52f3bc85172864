import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextEscalation, ranked, type Alert, type Level } from '../src/alerts.ts'
import { byDeadline } from '../src/cases.ts'
import { asOfThen, incidentOf, incidentTitle, openTasks } from '../src/incidents.ts'
import { shiftOf } from '../src/shift.ts'

function alert(id: number, level: Level, opened: string, acknowledged: string | null = null): Alert {
  return { id, rule: 'flood', title: { zh: '水', en: 'flood' }, asset: `a${id}`, level, value: 1, opened, acknowledged, shelved_until: null, tier: 'city', place: null }
}

test('what nobody has taken comes first, the worst, then the oldest', () => {
  const found = ranked([
    alert(1, 'blue', '2026-03-01T01:00:00Z'),
    alert(2, 'red', '2026-03-01T03:00:00Z'),
    alert(3, 'red', '2026-03-01T02:00:00Z'),
    alert(4, 'red', '2026-03-01T00:00:00Z', 'Li Wei'),
    alert(5, 'orange', '2026-03-01T00:00:00Z'),
  ])
  assert.deepEqual(found.map(({ id }) => id), [3, 2, 5, 1, 4])
})

test('cases stand by their deadline; those without one come last', () => {
  const one = (id: number, due_at: string | null) => ({ id, text: '', stage: 'filed', due_at })
  const found = byDeadline([one(1, null), one(2, '2026-03-02'), one(3, '2026-03-01')])
  assert.deepEqual(found.map(({ id }) => id), [3, 2, 1])
})

test('an alert goes up where nobody takes it, as its rule says for its level', () => {
  const escalate = [{ after_min: 10, to: 'district' }, { after_min: 30, to: 'city', least: 'orange' as const }]
  const red = { ...alert(1, 'red', '2026-03-01T00:00:00Z'), escalate }
  const at = (minute: number) => Date.parse('2026-03-01T00:00:00Z') + minute * 60_000
  assert.deepEqual(nextEscalation(red, at(2)), { to: 'district', at: at(10) })
  assert.deepEqual(nextEscalation(red, at(10)), { to: 'city', at: at(30) })
  assert.equal(nextEscalation(red, at(31)), null)
  assert.equal(nextEscalation({ ...red, level: 'yellow' }, at(11)), null)
  assert.equal(nextEscalation({ ...red, acknowledged: 'Li Wei' }, at(2)), null)
})

test('an incident is shown as it was at the moment', () => {
  const incident = {
    id: 1, title: '红色告警 red: flood', tier: 'city', opened: '2026-03-01T01:00:00Z', place: null,
    items: [{ kind: 'alert', ref: '4', at: '2026-03-01T01:00:00Z' }, { kind: 'case', ref: '9', at: '2026-03-01T03:00:00Z' }],
    tasks: [{ id: 1, department: 'Water', text: 'pump', created_at: '2026-03-01T01:30:00Z', due_at: null, acknowledged_at: '2026-03-01T01:40:00Z', done_at: '2026-03-01T03:00:00Z' }],
    log: [{ at: '2026-03-01T01:00:00Z', author: 'a', kind: 'open', text: '' }, { at: '2026-03-01T03:00:00Z', author: 'b', kind: 'done', text: '' }],
  }
  const then = asOfThen(incident, Date.parse('2026-03-01T02:00:00Z'))
  assert.deepEqual([then.items.length, then.log.length, then.tasks[0]?.done_at], [1, 1, null])
  assert.equal(openTasks([then]).length, 1)
  assert.equal(openTasks([incident]).length, 0)
  assert.equal(incidentTitle(incident, 'en', new Map([['flood', { title_en: 'High water' }]])), '◆ Red · High water')
  assert.equal(incidentOf(alert(4, 'red', ''), [then]), then)
})

test('a shift hands over what it leaves open', () => {
  const hour = (n: number) => Date.parse('2026-03-01T00:00:00Z') + n * 3600_000
  const some = [
    alert(1, 'red', '2026-02-28T20:00:00Z'),
    alert(2, 'blue', '2026-03-01T02:00:00Z', 'Li Wei'),
    { ...alert(3, 'yellow', '2026-03-01T03:00:00Z'), closed: '2026-03-01T04:00:00Z' },
  ]
  const { opened, taken, left } = shiftOf(some, hour(0), hour(8))
  assert.deepEqual([opened, taken, left].map((part) => part.map(({ id }) => id)), [[2, 3], [2], [1]])
})
