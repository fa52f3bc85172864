"""Analyses for tests of the machinery, importable by a runner's process."""

import subprocess
import time
from typing import Annotated, Literal

from psycopg import sql

from spatial.analyses.inputs import Inputs, Label, LayerName, Names
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.layer import Column


class TrialInputs(Inputs):
    """What the trial does."""

    layer: Annotated[LayerName, Label("图层", "layer")]
    seconds: Annotated[float, Label("时长", "how long it takes", unit="s")] = 0.0
    ends: Annotated[Literal["well", "badly", "oddly"], Label("结局", "how it ends")] = "well"
    words: Annotated[Names, Label("词", "words")] = ()


@analysis("trial", zh="试验", en="Trial", about_zh="试验", about_en="Waits, then makes a point.")
def trial(run: Run, inputs: TrialInputs) -> Outcome:
    """One point, after a while in which it holds a staging table and a process of its own."""
    run.staging((("word", "text"),), 4549)
    if inputs.seconds:
        companion = subprocess.Popen(["sleep", "300"])
        until = time.monotonic() + inputs.seconds
        while time.monotonic() < until:
            run.progress(0.5, f"waiting beside {companion.pid}")
            time.sleep(0.1)
        companion.kill()
        companion.wait()
    if inputs.ends == "badly":
        raise Invalid("the trial was to fail")
    if inputs.ends == "oddly":
        raise RuntimeError("SELECT secret FROM nowhere")
    return Outcome(
        "Point",
        4549,
        (Column("word", "text"),),
        sql.SQL("SELECT 'one' AS word, ST_SetSRID(ST_MakePoint(528000, 3486000), 4549) AS geom"),
        Certificate("one = one", 1, 1, 0, 0, "points"),
    )
