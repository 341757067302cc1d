"""Wrong and alternative right answers for the tour's exercise."""

from coursekit.answers import right, wrong

wrong("0.1", "only 200", replace="200 <= status <= 299", by="status == 200", caught_by="test_every_success")
wrong(
    "0.1", "everything from 200 on", replace="200 <= status <= 299", by="status >= 200", caught_by="test_not_after_299"
)
wrong("0.1", "300 included", replace="<= 299", by="<= 300", caught_by="test_not_after_299")
wrong("0.1", "200 left out", replace="200 <=", by="200 <", caught_by="test_ok")
wrong("0.1", "below 300", replace="200 <= status <= 299", by="status < 300", caught_by="test_not_before_200")
wrong(
    "0.1",
    "printed, not returned",
    replace="return 200 <= status <= 299",
    by="print(200 <= status <= 299)",
    caught_by="test_ok",
)
right("0.1", "by the hundreds", replace="200 <= status <= 299", by="status // 100 == 2")
right("0.1", "a range", replace="200 <= status <= 299", by="status in range(200, 300)")
