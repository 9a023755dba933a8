"""One step of PyTorch + PEFT for each line on standard input; answers in JSON lines. Driven by train.ts.

Arguments: folder with config.json, method, batch, length, LoRA rank, threads.
"""

import json
import resource
import sys
import time

import torch
import transformers
from peft import (
    LoraConfig,
    PrefixTuningConfig,
    PromptEncoderConfig,
    PromptTuningConfig,
    get_peft_model,
)
import peft

VIRTUAL_TOKENS = 20
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def adapter_config(method: str, rank: int):
    task = "CAUSAL_LM"
    if method in ("lora", "dora"):
        return LoraConfig(
            r=rank, lora_alpha=2 * rank, target_modules=PROJECTIONS, use_dora=method == "dora", task_type=task
        )
    if method == "ptuning":
        return PromptEncoderConfig(num_virtual_tokens=VIRTUAL_TOKENS, task_type=task)
    if method == "prefix":
        return PrefixTuningConfig(num_virtual_tokens=VIRTUAL_TOKENS, task_type=task)
    if method == "prompt":
        return PromptTuningConfig(num_virtual_tokens=VIRTUAL_TOKENS, task_type=task)
    return None


def main() -> None:
    folder, method = sys.argv[1:3]
    batch, length, rank, threads = map(int, sys.argv[3:7])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    config = transformers.AutoConfig.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    chosen = adapter_config(method, rank)
    if chosen is not None:
        model = get_peft_model(model, chosen)
    model.train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.01)
    ids = (torch.arange(batch * length) * 7919 % config.vocab_size).reshape(batch, length)
    answer({"versions": f"torch {torch.__version__}, peft {peft.__version__}, transformers {transformers.__version__}",
            "parameters": sum(p.numel() for p in trained)})
    for _ in sys.stdin:
        before, began = processor(), time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        value = loss.item()
        answer({
            "wall": time.perf_counter() - began,
            "processor": processor() - before,
            "loss": value,
            "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        })


def processor() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def answer(values: dict) -> None:
    print(json.dumps(values), flush=True)


main()
