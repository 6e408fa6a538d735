import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fillIn, prepare, WORDS } from '../../src/client/words.ts'
import english from '../../languages/en.json'
import french from '../../languages/fr.json'

const names = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort()

for (const [language, texts] of Object.entries({ english, french })) {
  test(`${language} has every text, no other, and the same names in braces`, () => {
    assert.deepEqual(Object.keys(texts).sort(), [...WORDS].sort())
    for (const [word, text] of Object.entries(texts)) {
      assert.deepEqual(names(text), names(word), word)
      assert.notEqual(text.trim(), '')
    }
  })
}

test('English is itself', () => {
  for (const [word, text] of Object.entries(english)) assert.equal(text, word)
})

test('no text is listed twice', () => {
  assert.equal(new Set(WORDS).size, WORDS.length)
})

test('values are put in, and unknown names stay', () => {
  assert.equal(fillIn('{a} and {b} and {toString}', { a: 'x', b: 2 }), 'x and 2 and {toString}')
})

test('texts are said in the language of the page', async () => {
  const say = await prepare({ translate: (text) => Promise.resolve((french as Record<string, string>)[text] ?? text) })
  assert.equal(say('Hide the channel {channel} too', { channel: 'Zoé' }), 'Masquer aussi la chaîne Zoé')
})
