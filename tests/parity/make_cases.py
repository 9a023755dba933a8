"""Makes parity cases with torch, transformers and PEFT (none of which this project needs otherwise).

    python3 make_cases.py OUT [--seed N] [--only NAME ...]

Each case is a small random model, a first adapter, batches, and what eight steps of training make of them in
float32 on the CPU: the format that main.ts reads. cases/ holds cases of this script among others.
"""

import argparse
import json
import os

import peft
import torch
import transformers
from peft import LoraConfig, PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig, get_peft_model
from safetensors.torch import save_file
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    Qwen2Config,
    Qwen3Config,
    get_scheduler,
)

STEPS, WARMUP, LENGTH = 8, 2, 33
SIZES = dict(
    vocab_size=320,
    hidden_size=64,
    intermediate_size=160,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=2,
    initializer_range=0.08,
    max_position_embeddings=256,
)


def rope(kind, **fields):
    return dict(rope_parameters=dict(rope_type=kind, rope_theta=10000.0, **fields))


# name: configuration, type on disk, shard size
BASES = {
    "gemma2": (
        Gemma2Config(
            **{**SIZES, "num_hidden_layers": 4},
            head_dim=24,
            query_pre_attn_scalar=20,
            sliding_window=8,
            attn_logit_softcapping=5.0,
            final_logit_softcapping=3.0,
            pad_token_id=0,
        ),
        "float32",
        None,
    ),
    "llama-yarn": (
        LlamaConfig(
            **SIZES,
            **rope("yarn", factor=4.0, original_max_position_embeddings=16),
            attention_bias=True,
            mlp_bias=True,
        ),
        "float32",
        None,
    ),
    "llama-linear": (LlamaConfig(**SIZES, **rope("linear", factor=2.5), tie_word_embeddings=True), "float16", None),
    "qwen2-window": (
        Qwen2Config(
            **SIZES, use_sliding_window=True, sliding_window=9, max_window_layers=1, tie_word_embeddings=True
        ),
        "float32",
        None,
    ),
    "qwen3": (Qwen3Config(**SIZES, head_dim=24, attention_bias=True), "float32", None),
    "mistral-sharded": (MistralConfig(**SIZES, sliding_window=7), "bfloat16", "100KB"),
    "llama-small": (LlamaConfig(**{**SIZES, "vocab_size": 128, "hidden_size": 32, "intermediate_size": 48}), "float32", None),
    "llama-small-tied": (
        LlamaConfig(
            **{**SIZES, "vocab_size": 128, "hidden_size": 32, "intermediate_size": 48}, tie_word_embeddings=True
        ),
        "float32",
        None,
    ),
    "gpt2-small": (
        GPT2Config(
            vocab_size=128,
            n_embd=32,
            n_layer=3,
            n_head=4,
            n_positions=64,
            initializer_range=0.08,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
        ),
        "float32",
        None,
    ),
    "mistral-gelu": (MistralConfig(**SIZES, sliding_window=None, hidden_act="gelu"), "float32", None),
    "gpt2": (
        GPT2Config(
            vocab_size=300,
            n_embd=48,
            n_layer=3,
            n_head=4,
            n_positions=128,
            initializer_range=0.08,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
        ),
        "float32",
        None,
    ),
}

ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def lora(targets, **fields):
    return lambda: LoraConfig(
        task_type="CAUSAL_LM", target_modules=targets, **{"r": 4, "lora_alpha": 8, **fields}
    )


def prompt(kind, tokens, **fields):
    return lambda: kind(task_type="CAUSAL_LM", num_virtual_tokens=tokens, **fields)


# name: base, adapter (None = full fine-tuning)
CASES = {
    "gemma2-lora": ("gemma2", lora(ALL, r=6, lora_alpha=9)),
    "gemma2-full": ("gemma2", None),
    "gemma2-prompt": ("gemma2", prompt(PromptTuningConfig, 4)),
    "gemma2-prefix": ("gemma2", prompt(PrefixTuningConfig, 3)),
    "yarn-lora": ("llama-yarn", lora(["o_proj", "down_proj"], r=5, lora_alpha=10)),
    "yarn-full": ("llama-yarn", None),
    "linear-rslora": ("llama-linear", lora(ALL, lora_alpha=3, use_rslora=True)),
    "qwen2-window-full": ("qwen2-window", None),
    "qwen2-window-dora": ("qwen2-window", lora(ALL, use_dora=True)),
    "qwen3-prefix-projection": (
        "qwen3",
        prompt(PrefixTuningConfig, 5, prefix_projection=True, encoder_hidden_size=20),
    ),
    "qwen3-ptuning-lstm": (
        "qwen3",
        prompt(
            PromptEncoderConfig,
            5,
            encoder_reparameterization_type="LSTM",
            encoder_hidden_size=20,
            encoder_num_layers=1,
        ),
    ),
    "qwen3-full": ("qwen3", None),
    "mistral-sharded-dora": ("mistral-sharded", lora(["v_proj", "up_proj"], use_dora=True)),
    "mistral-sharded-prompt": ("mistral-sharded", prompt(PromptTuningConfig, 4)),
    "mistral-sharded-prefix": ("mistral-sharded", prompt(PrefixTuningConfig, 3)),
    "mistral-gelu-lora": ("mistral-gelu", lora(ALL)),
    "gpt2-full": ("gpt2", None),
    "gpt2-dora": ("gpt2", lora(["c_attn", "c_proj"], use_dora=True, fan_in_fan_out=True)),
    "gpt2-prefix": ("gpt2", prompt(PrefixTuningConfig, 5)),
    "small-dora-rslora": ("llama-small", lora(ALL, use_dora=True, use_rslora=True)),
    "small-patterns": (
        "llama-small",
        lora(
            ALL,
            rank_pattern={r"layers\.[02]\..*q_proj": 2, "mlp.down_proj": 7},
            alpha_pattern={"v_proj": 3, r"^model\.layers\.1\.mlp\.(up|gate)_proj": 16},
        ),
    ),
    "small-patterns-dora-rslora": (
        "llama-small",
        lora(["q_proj", "up_proj"], rank_pattern={"q_proj": 6}, alpha_pattern={"up_proj": 5}, use_dora=True, use_rslora=True),
    ),
    "small-regex-exclude": (
        "llama-small",
        lora(
            r"(?!.*layers\.0\.).*\.(self_attn|mlp)\.(?P<kind>[qkv]|down)_proj",
            exclude_modules=r".*\.2\.self_attn\.k_proj",
        ),
    ),
    "small-layers": (
        "llama-small",
        lora(["q_proj", "down_proj"], layers_to_transform=[0, 2], layers_pattern=["layers"], exclude_modules=["2.mlp.down_proj"]),
    ),
    "small-save-untied": ("llama-small", lora(["q_proj", "v_proj"], modules_to_save=["embed_tokens", "lm_head"])),
    "small-save-tied-both": (
        "llama-small-tied",
        lora(["q_proj", "v_proj"], modules_to_save=["embed_tokens", "lm_head"]),
    ),
    "small-save-tied-embedding": ("llama-small-tied", lora(["o_proj"], modules_to_save=["embed_tokens"])),
    "small-save-tied-head": ("llama-small-tied", lora(["o_proj"], modules_to_save=["lm_head"], use_dora=True)),
    "small-save-norms": ("llama-small", lora(["q_proj", "gate_proj"], modules_to_save=["norm", "down_proj"])),
    "gpt2-save-head-layers": (
        "gpt2-small",
        lora(
            ["c_attn", "c_proj"],
            layers_to_transform=[1, 2],
            layers_pattern="h",
            modules_to_save=["lm_head", "wpe", "ln_1"],
            fan_in_fan_out=True,
        ),
    ),
    "gpt2-ptuning-mlp": ("gpt2", prompt(PromptEncoderConfig, 5, encoder_hidden_size=20)),
}


def make_base(name, folder, seed):
    config, dtype, shard = BASES[name]
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float()
    for parameter_name, parameter in model.named_parameters():
        if exempt(parameter_name):  # away from zeros and ones
            parameter.data += 0.2 * torch.randn(parameter.shape)
    model.to(getattr(torch, dtype)).save_pretrained(folder, **({"max_shard_size": shard} if shard else {}))


def exempt(name):
    return name.endswith("bias") or "norm" in name or ".ln_" in name


def make_batch(generator, vocabulary, rows, length):
    ids = torch.randint(0, vocabulary, (rows, length), generator=generator)
    mask = torch.ones_like(ids)
    labels = ids.clone()
    for row in range(rows):
        end = int(torch.randint(length // 2, length + 1, (1,), generator=generator))
        begin = int(torch.randint(0, 6, (1,), generator=generator))
        mask[row, end:] = 0
        ids[row, end:] = 0
        labels[row, end:] = -100
        labels[row, :begin] = -100
    return {"input_ids": ids.tolist(), "attention_mask": mask.tolist(), "labels": labels.tolist()}


def run(model, batch):
    ids, mask, labels = (torch.tensor(batch[key]) for key in ("input_ids", "attention_mask", "labels"))
    logits = model(input_ids=ids, attention_mask=mask).logits.float()
    virtual = logits.shape[1] - ids.shape[1]
    labels = torch.cat([torch.full((labels.shape[0], virtual), -100), labels], 1)[:, 1:]
    loss = torch.nn.functional.cross_entropy(
        logits[:, :-1].reshape(-1, logits.shape[-1]), labels.reshape(-1), ignore_index=-100, reduction="sum"
    )
    return logits, loss, int((labels != -100).sum())


def evaluate(model, batch):
    model.eval()
    with torch.no_grad():
        logits, loss, tokens = run(model, batch)
    model.train()
    return logits.contiguous(), float(loss) / tokens


def plain(value):
    """JSON of a PEFT configuration."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, set):
        return sorted(value)
    return getattr(value, "value", value)


def save_encoder(model, path):
    state = {name: tensor.contiguous() for name, tensor in model.prompt_encoder["default"].state_dict().items()}
    save_file(state, path, metadata={"format": "pt"})


def make_case(out, name, index, seed):
    base, configure = CASES[name]
    folder = os.path.join(out, name)
    os.makedirs(folder)
    torch.manual_seed(seed + index)
    model = AutoModelForCausalLM.from_pretrained(
        os.path.join(out, "bases", base), dtype=torch.float32, attn_implementation="eager"
    )
    vocabulary = model.config.vocab_size
    virtual = 0
    config = None
    if configure is not None:
        config = configure()
        model = get_peft_model(model, config)
        virtual = getattr(config, "num_virtual_tokens", 0)
        for parameter_name, parameter in model.named_parameters():
            if "lora_B" in parameter_name:
                parameter.data = 0.1 * torch.randn(parameter.shape)
            if "magnitude" in parameter_name:
                parameter.data *= 1 + 0.1 * torch.randn(parameter.shape)
        save_adapter(model, folder, "adapter_init", "encoder_init", virtual)
    model.train()
    accumulation = 1 + index % 3
    scheduler = ["linear", "cosine", "constant_with_warmup"][index % 3]
    hyper = dict(
        learningRate=1e-3 if configure is None else [2e-3, 5e-3, 1e-3][index % 3],
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        weightDecay=0.05,
        maxGradNorm=[1.0, 0.3][index % 2],
        scheduler=scheduler.replace("_with_warmup", ""),
        warmupSteps=WARMUP,
        totalSteps=STEPS,
        gradientAccumulation=accumulation,
        weightDecayExempt="parameters whose name ends in 'bias' or contains 'norm' or '.ln_'",
    )
    generator = torch.Generator().manual_seed(seed + 1000 + index)
    batches = {
        "steps": [
            [make_batch(generator, vocabulary, 2, LENGTH) for _ in range(accumulation)] for _ in range(STEPS)
        ],
        "eval": [make_batch(generator, vocabulary, 2, LENGTH - 7)],
    }
    before, loss_before = evaluate(model, batches["eval"][0])
    expected = train(model, batches["steps"], hyper, scheduler)
    after, loss_after = evaluate(model, batches["eval"][0])
    expected.update(evalLossBefore=loss_before, evalLossAfter=loss_after)
    save_file(
        {"before": before, "after": after}, os.path.join(folder, "eval_logits.safetensors"), metadata={"format": "pt"}
    )
    if configure is None:
        state = {parameter_name: tensor.detach().clone() for parameter_name, tensor in model.named_parameters()}
        save_file(state, os.path.join(folder, "full_final.safetensors"), metadata={"format": "pt"})
    else:
        save_adapter(model, folder, "adapter_final", "encoder_final", virtual)
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}, peft {peft.__version__}"
    description = {
        "base": f"../bases/{base}",
        "method": name,
        "peft": config and {**plain(config.to_dict()), "base_model_name_or_path": None},
        "hyperparameters": hyper,
        "reference": f"{versions}, float32, CPU",
    }
    for file, value in (("batches", batches), ("expected", expected), ("case", description)):
        with open(os.path.join(folder, f"{file}.json"), "w") as target:
            json.dump(value, target, indent=None if file == "batches" else 1)
    print(f"{name}: loss {expected['losses'][0]:.4f} -> {expected['losses'][-1]:.4f}")


def save_adapter(model, folder, adapter, encoder, virtual):
    model.save_pretrained(os.path.join(folder, adapter))
    if virtual:
        save_encoder(model, os.path.join(folder, f"{encoder}.safetensors"))


def train(model, steps, hyper, scheduler_name):
    trained = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for n, p in trained if not exempt(n)], "weight_decay": hyper["weightDecay"]},
        {"params": [p for n, p in trained if exempt(n)], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(
        groups, lr=hyper["learningRate"], betas=(hyper["beta1"], hyper["beta2"]), eps=hyper["eps"], foreach=False
    )
    scheduler = get_scheduler(scheduler_name, optimizer, num_warmup_steps=WARMUP, num_training_steps=STEPS)
    record = dict(losses=[], gradNorms=[], learningRates=[], trainedTokens=[])
    for micro_batches in steps:
        optimizer.zero_grad()
        total, tokens = 0.0, 0
        for batch in micro_batches:
            _, loss, count = run(model, batch)
            loss.backward()
            total += float(loss.detach())
            tokens += count
        for _, parameter in trained:
            if parameter.grad is not None:
                parameter.grad /= tokens
        norm = torch.nn.utils.clip_grad_norm_([p for _, p in trained], hyper["maxGradNorm"])
        record["losses"].append(total / tokens)
        record["gradNorms"].append(float(norm))
        record["learningRates"].append(optimizer.param_groups[0]["lr"])
        record["trainedTokens"].append(tokens)
        optimizer.step()
        scheduler.step()
    record["trainableParameters"] = sum(parameter.numel() for _, parameter in trained)
    return record


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--only", nargs="*", default=list(CASES))
    arguments = parser.parse_args()
    for base in sorted({CASES[name][0] for name in arguments.only}):
        make_base(base, os.path.join(arguments.out, "bases", base), arguments.seed)
    for index, name in enumerate(CASES):
        if name in arguments.only:
            make_case(arguments.out, name, index, arguments.seed)
    with open(os.path.join(arguments.out, "index.json"), "w") as target:
        json.dump(arguments.only, target, indent=1)


if __name__ == "__main__":
    main()
