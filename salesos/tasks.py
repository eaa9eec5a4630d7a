"""What the worker does with what it takes out of the queue. Each app's `tasks` module is imported at the start."""

from procrastinate.contrib.django import app

from salesos import mailing, planner, upkeep
from salesos.background import queue

work_on = app.task(name="work_on", queue=queue.JOBS, pass_context=True, retry=queue.Resumed())(queue.work_on)
send_mail = app.task(name="send_mail", queue=queue.MAIL, retry=queue.Delivered())(mailing.deliver)
analyse = app.task(name="analyse", queue=queue.UPKEEP)(planner.analyse)

app.periodic(cron="23 * * * *")(app.task(name="do_upkeep", queue=queue.UPKEEP)(upkeep.do_upkeep))
