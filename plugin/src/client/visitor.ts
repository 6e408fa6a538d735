// One topic a day of visitors without an account, randomized in the browser (local differential privacy), where the
// administrator has switched it on and the visitor has not switched it off.
import { secureRandom, type Random } from '../privacy/coins.ts'
import { RandomizedResponse } from '../privacy/randomized-response.ts'
import { UnaryEncoding } from '../privacy/unary-encoding.ts'
import type { Api } from './api.ts'
import { h } from './dom.ts'
import { number } from './format.ts'
import type { VisitorParameters } from './shapes.ts'
import type { Say } from './words.ts'

/** Reports that are less random than this are not sent, whatever the instance asks for. */
const MOST_EPSILON = 4
const DAY = 'shoal-visitor-day'
const REFUSED = 'shoal-visitor-refused'

type Memory = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** The randomized report of `topic`, or undefined when it is no topic or the report would tell too much. */
export function randomized(parameters: VisitorParameters, topic: number, random: Random): number[] | undefined {
  const ids = parameters.topics.map(({ id }) => id)
  const answer = ids.indexOf(topic)
  if (answer === -1) return undefined
  if (parameters.mechanism === 'unary-encoding') {
    const mechanism = UnaryEncoding.withProbability(parameters.probabilityFalse, ids.length)
    if (parameters.probabilityTrue !== 0.5 || mechanism.epsilon > MOST_EPSILON) return undefined
    return mechanism.report(answer, random).map((index) => ids[index] as number)
  }
  const mechanism = RandomizedResponse.withProbability(parameters.probabilityTrue, ids.length)
  if (mechanism.epsilon > MOST_EPSILON) return undefined
  return [ids[mechanism.report(answer, random)] as number]
}

/** Whether the browser asks not to be counted, or the visitor said so here. */
export function refuses(browser: { doNotTrack?: string | null; globalPrivacyControl?: boolean }, memory: Memory): boolean {
  return browser.doNotTrack === '1' || browser.globalPrivacyControl === true || memory.getItem(REFUSED) !== null
}

/** Reports `topic`, once a day. The day is remembered before anything is sent: a failure costs a report, never two. */
export async function reportOnce(
  api: Pick<Api, 'visitorParameters' | 'visitorReport'>,
  topic: number,
  today: string,
  memory: Memory,
  random: Random = secureRandom,
): Promise<void> {
  if (memory.getItem(DAY) === today) return
  memory.setItem(DAY, today)
  const parameters = await api.visitorParameters()
  const report = randomized(parameters, topic, random)
  if (report !== undefined) await api.visitorReport(parameters.version, report)
}

/** A notice for visitors that says what is counted, with a way out. */
export function participation(api: Pick<Api, 'visitorParameters'>, say: Say): HTMLElement {
  const text = h('p')
  const button = h('button', {
    type: 'button',
    class: 'shoal-link',
    onclick: () => {
      if (localStorage.getItem(REFUSED) === null) localStorage.setItem(REFUSED, '1')
      else localStorage.removeItem(REFUSED)
      name()
    },
  })
  const name = () => {
    button.textContent = say(localStorage.getItem(REFUSED) === null ? 'Do not take part' : 'Take part again')
  }
  name()
  const notice = h('aside', { class: 'shoal-notice', hidden: true }, text, button)
  api.visitorParameters().then(
    ({ epsilon }) => {
      text.textContent = say(
        'This instance counts the topics of visitors. Your browser reports one topic a day, and adds chance to it before it leaves: nobody can be sure which answer was yours (epsilon {epsilon} a day).',
        { epsilon: number(epsilon) },
      )
      notice.hidden = false
    },
    () => notice.remove(),
  )
  return notice
}
