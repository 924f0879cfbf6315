import { expect, test } from 'vitest'

import type { Prompt } from '../../gallery'
import { gridOf, neighbour, rowOf, visible } from './grid'

const prompts = (n: number): Prompt[] => Array.from({ length: n }, (_, i) => ({ name: `p${i}`, tags: [], arguments: [] }))
const section = (title: string | null, n: number) => ({ title, prompts: prompts(n) })
const grid = gridOf([section('a', 5), section('b', 1), section('c', 4)], { columns: 3, row: 100, heading: 50 })

test('sections follow each other', () => {
  expect(grid.sections.map(({ top, height, first }) => [top, height, first])).toEqual([
    [0, 250, 0],
    [250, 150, 5],
    [400, 250, 6],
  ])
  expect([grid.height, grid.count]).toEqual([650, 10])
  expect(rowOf(grid, 4)).toEqual({ top: 150, bottom: 250 })
})

test('only what is between two heights is drawn', () => {
  const shown = (top: number, bottom: number) => visible(grid, top, bottom).map(({ section, from, to }) => [section.title, from, to])
  expect(shown(0, 60)).toEqual([['a', 0, 3]])
  expect(shown(160, 460)).toEqual([
    ['a', 3, 5],
    ['b', 0, 1],
    ['c', 0, 3],
  ])
  expect(shown(650, 700)).toEqual([])
})

test('ten thousand cards draw a screenful', () => {
  const large = gridOf([section(null, 10_000)], { columns: 3, row: 100, heading: 50 })
  expect(visible(large, 50_000, 51_000)).toMatchObject([{ from: 1500, to: 1530 }])
})

test('arrows keep the column where there is one', () => {
  const path = (from: number, ...keys: string[]) => keys.map(key => (from = neighbour(grid, from, `Arrow${key}`) ?? -1))
  expect(path(1, 'Down', 'Down', 'Down', 'Down')).toEqual([4, 5, 6, 9])
  expect(path(2, 'Down')).toEqual([4])
  expect(path(8, 'Up', 'Up')).toEqual([5, 3])
  expect(path(7, 'Up', 'Left', 'Right')).toEqual([5, 4, 5])
  expect([neighbour(grid, 0, 'ArrowLeft'), neighbour(grid, 9, 'ArrowRight'), neighbour(grid, 0, 'ArrowUp')]).toEqual([null, null, null])
  expect([neighbour(grid, 4, 'End'), neighbour(grid, 4, 'Home')]).toEqual([9, 0])
})
