// A list of tags and categories that can be added to and removed from.
import { freshId, h } from './dom.ts'
import type { TopicList } from './shapes.ts'
import type { Shared } from './shared.ts'
import type { Word } from './words.ts'

/** Most tags, and most categories, that Shoal keeps in one list. */
const MOST = 50

let categories: Promise<Map<number, string>> | undefined

/** PeerTube's categories by number, asked for once. */
function peerTubeCategories(): Promise<Map<number, string>> {
  categories ??= fetch('/api/v1/videos/categories', { credentials: 'omit' })
    .then((response) => (response.ok ? response.json() : {}) as Promise<Record<string, string>>)
    .catch((): Record<string, string> => ({}))
    .then((labels) => new Map(Object.entries(labels).map(([id, label]) => [Number(id), label])))
  return categories
}

/** An editor that changes `topics` in place. */
export function topicList(heading: Word, topics: TopicList, shared: Shared): HTMLElement {
  const { say } = shared
  const [tagId, categoryId] = [freshId(), freshId()]
  const chips = h('ul', { class: 'shoal-chips' })
  let labels = new Map<number, string>()

  const chip = (label: string, remove: () => void) =>
    h('li', {}, label, h('button', {
      type: 'button',
      'aria-label': say('Remove {topic}', { topic: label }),
      onclick: () => {
        remove()
        draw()
        tag.focus()
      },
    }, '×'))
  const draw = () => {
    chips.replaceChildren(
      ...topics.tags.map((each) => chip(each, () => topics.tags.splice(topics.tags.indexOf(each), 1))),
      ...topics.categories.map((each) =>
        chip(labels.get(each) ?? `#${each}`, () => topics.categories.splice(topics.categories.indexOf(each), 1))),
    )
    if (chips.childElementCount === 0) chips.append(h('li', { class: 'shoal-none' }, say('None yet.')))
  }

  const addTag = () => {
    const value = tag.value.trim()
    if (value !== '' && !topics.tags.includes(value) && topics.tags.length < MOST) topics.tags.push(value)
    tag.value = ''
    draw()
    tag.focus()
  }
  const tag = h('input', {
    type: 'text',
    id: tagId,
    maxlength: 30,
    autocomplete: 'off',
    onkeydown: (event: Event) => {
      if ((event as KeyboardEvent).key !== 'Enter') return
      event.preventDefault()
      addTag()
    },
  })
  const category = h('select', {
    id: categoryId,
    onchange: () => {
      const value = Number(category.value)
      if (category.value !== '' && !topics.categories.includes(value) && topics.categories.length < MOST) topics.categories.push(value)
      category.value = ''
      draw()
    },
  }, h('option', { value: '' }, say('Choose a category')))
  void peerTubeCategories().then((found) => {
    labels = found
    category.append(...[...found].sort(([, a], [, b]) => a.localeCompare(b)).map(([id, label]) => h('option', { value: id }, label)))
    draw()
  })
  draw()
  return h('fieldset', {},
    h('legend', {}, say(heading)),
    chips,
    h('div', { class: 'shoal-adders' },
      h('div', {}, h('label', { for: tagId }, say('Add a tag')),
        h('div', { class: 'shoal-joined' }, tag, h('button', { type: 'button', class: 'shoal-button', onclick: addTag }, say('Add')))),
      h('div', {}, h('label', { for: categoryId }, say('Add a category')), category)))
}
