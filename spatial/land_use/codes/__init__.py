"""Land-use codes as data: trees (code, parent, zh, en), and which codes of two trees mean alike.

gb21010: GB/T 21010-2017; survey: 国土调查工作分类; planning: 用地用海分类 (自然资发〔2023〕234号,
without the third level of the sea); generic: a plain one for anywhere.
"""
