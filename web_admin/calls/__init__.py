"""Take calls from gates to homes: wishes, reach, answers, orders, missed; imports messages and below."""
