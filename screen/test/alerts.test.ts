import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ranked, type Alert, type Level } from '../src/alerts.ts'
import { byDeadline } from '../src/cases.ts'

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
