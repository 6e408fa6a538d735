// What may be used, how it chooses, and which topics to have more or less of: three sections, each saved by itself.
import { freshId, h } from './dom.ts'
import { formSection } from './section.ts'
import type { Level, Settings, TopicList } from './shapes.ts'
import type { Shared } from './shared.ts'
import { topicList } from './topics.ts'
import type { Word } from './words.ts'

const LEVELS: [Level, Word, Word][] = [
  ['off', 'Nothing', 'No recommendations for you: lists are the same for everybody.'],
  ['content-only', 'Only what you tell here', 'Your topics and the video you are watching. Your history is not read.'],
  ['local', 'Your history, only here', 'What you watch and like chooses your videos. Nothing about you leaves this instance.'],
  [
    'contribute', 'Your history, and you help others',
    'As above, and noised sums to which you add a little go to other instances, so that small instances learn too.',
  ],
]

type Slider = 'discover' | 'fresh' | 'wide'

const SLIDERS: [Slider, Word, Word, Word][] = [
  ['discover', 'From what you know to what is new to you', 'Familiar', 'Discover'],
  ['fresh', 'From old to new videos', 'Timeless', 'Fresh'],
  ['wide', 'From videos of this instance to those of others', 'This instance', 'Other instances'],
]

const PRESETS: [Word, Record<Slider, number>][] = [
  ['Familiar', { discover: -0.75, fresh: 0, wide: -0.25 }],
  ['Balanced', { discover: 0, fresh: 0, wide: 0 }],
  ['Explore', { discover: 0.75, fresh: 0.25, wide: 0.5 }],
]

/** What may be used. */
export function levels(settings: Settings, shared: Shared): HTMLElement {
  const { say, api } = shared
  const name = freshId()
  const proposed = LEVELS.find(([level]) => level === settings.defaultLevel)?.[1] ?? 'Nothing'
  const choice = (value: string, title: string, text: string | undefined, checked: boolean) => {
    const id = freshId()
    return h('div', { class: 'shoal-choice' },
      h('input', { type: 'radio', name, id, value, checked, 'aria-describedby': text === undefined ? undefined : `${id}-text` }),
      h('div', {}, h('label', { for: id }, title), text !== undefined && h('p', { id: `${id}-text`, class: 'shoal-muted' }, text)))
  }
  const fields = h('fieldset', { 'aria-label': say('What may be used') },
    choice('', say('As the instance proposes: {level}', { level: say(proposed) }), undefined, settings.chosenLevel === null),
    LEVELS.map(([level, title, text]) => choice(level, say(title), say(text), settings.chosenLevel === level)))
  const notice = !settings.historyEnabled && h('p', { class: 'shoal-notice' },
    say('Your watch history is switched off in PeerTube: nothing of it is read, whatever you choose here.'))
  return formSection('What may be used', shared, [notice, fields], async () => {
    const chosen = fields.querySelector<HTMLInputElement>('input:checked')?.value ?? ''
    await api.changeSettings({ level: chosen === '' ? null : (chosen as Level) })
    // What is known, and whether the account contributes, follow from the level.
    shared.reread()
  })
}

/** How it chooses. */
export function sliders(settings: Settings, shared: Shared): HTMLElement {
  const { say, api } = shared
  const inputs = new Map<Slider, HTMLInputElement>()
  const presets = h('div', { class: 'shoal-presets' }, PRESETS.map(([title, values]) =>
    h('button', {
      type: 'button',
      class: 'shoal-pill',
      onclick: () => {
        for (const [slider, input] of inputs) input.value = String(values[slider])
      },
    }, say(title))))
  const rows = SLIDERS.map(([slider, title, low, high]) => {
    const id = freshId()
    const input = h('input', { type: 'range', id, min: -1, max: 1, step: 0.25 })
    input.value = String(settings[slider])
    inputs.set(slider, input)
    return h('div', { class: 'shoal-slider' },
      h('label', { for: id }, say(title)),
      h('div', { class: 'shoal-range' }, h('span', { 'aria-hidden': 'true' }, say(low)), input, h('span', { 'aria-hidden': 'true' }, say(high))))
  })
  const value = (slider: Slider) => Number(inputs.get(slider)?.value ?? 0)
  return formSection('How it chooses', shared, [presets, ...rows], async () => {
    await api.changeSettings({ discover: value('discover'), fresh: value('fresh'), wide: value('wide') })
  })
}

/** Which topics to have more or less of. */
export function topics(settings: Settings, shared: Shared): HTMLElement {
  const chosen: { up: TopicList; down: TopicList } = structuredClone(settings.topics)
  const lists = [topicList('More of this', chosen.up, shared), topicList('Less of this', chosen.down, shared)]
  return formSection('Topics', shared, lists, async () => {
    await shared.api.changeSettings({ topics: chosen })
  })
}
