"""Python clients beside ours: `peers.py openai|agentscope ADDRESS`.

Told what to ask on standard input, and answers on standard output, as src/main.rs describes.
"""

import asyncio
import sys
import time

MODEL = "gpt-4o-mini"


def ask_openai(address):
    """The SDK's plain stream, as its documentation shows it."""
    import openai

    client = openai.OpenAI(base_url=address, api_key="none")

    def ask(question):
        text, arguments = [], []
        messages = [{"role": "user", "content": question}]
        for chunk in client.chat.completions.create(model=MODEL, stream=True, messages=messages):
            for choice in chunk.choices:
                if choice.delta.content:
                    text.append(choice.delta.content)
                for call in choice.delta.tool_calls or []:
                    arguments.append(call.function.arguments)
        return "".join(text) + "".join(arguments)

    return ask


def ask_agentscope(address):
    """AgentScope's stream, of which every item is the answer so far."""
    from agentscope.model import OpenAIChatModel

    model = OpenAIChatModel(MODEL, api_key="none", client_kwargs={"base_url": address})
    # One loop for all questions, as in a program: the client keeps its connection.
    loop = asyncio.new_event_loop()

    async def last(question):
        content = []
        async for answer in await model([{"role": "user", "content": question}]):
            content = answer.content
        return "".join(block.get("text") or block.get("raw_input") or "" for block in content)

    return lambda question: loop.run_until_complete(last(question))


def main():
    client, address = sys.argv[1:]
    ask = {"openai": ask_openai, "agentscope": ask_agentscope}[client](address)
    for line in sys.stdin:
        times, question = line.rstrip("\n").split(" ", 1)
        answer = ""
        begun = time.process_time()
        for _ in range(int(times)):
            answer = ask(question)
        spent = time.process_time() - begun
        answer = answer.encode()
        sys.stdout.buffer.write(b"%d %d\n" % (spent * 1_000_000, len(answer)) + answer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
