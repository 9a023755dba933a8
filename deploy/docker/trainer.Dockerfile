# syntax=docker/dockerfile:1
# The trainer, for GPUs (default) or for processors only. Build from the repository root:
#   docker buildx build -f deploy/docker/trainer.Dockerfile -t tuneyard/trainer:0.1.0 .
#   docker buildx build -f deploy/docker/trainer.Dockerfile --target cpu -t tuneyard/trainer:0.1.0-cpu .
# Bases are pinned by digest: the same file builds the same image. .renovaterc.json keeps tags and digests current.
ARG NODE_IMAGE=node:22.23.3-bookworm-slim@sha256:43ac6c60b8f89723f746e8a92ce91abd5017e627ce1ddfe4238355d3a30b772c
# Its libraries must be of the CUDA that the TensorFlow wheel was built for, or newer within CUDA 12; cuDNN 9.3 or newer.
ARG CUDA_IMAGE=nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04@sha256:8aef630a54bc5c5146ae5ce68e6af5caa3df0fb690bb91544175c91f307e4356
ARG TENSORFLOW_VERSION=2.21.0
# Of the wheel that pip gets (pypi.org lists it); empty: the build prints it, and takes what it gets.
ARG TENSORFLOW_SHA256=

FROM ${NODE_IMAGE} AS build
# For the C kernels, and for TensorFlow's binding below.
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ make python3 python3-pip \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY proto/package.json proto/
COPY controller/package.json controller/
COPY trainer/package.json trainer/
COPY deploy/local/package.json deploy/local/
COPY deploy/quickstart/package.json deploy/quickstart/
COPY tests/package.json tests/
RUN npm ci --ignore-scripts
COPY tsconfig.base.json ./
COPY proto/tsconfig.json proto/
COPY proto/src proto/src
COPY proto/memory proto/memory
COPY trainer/tsconfig.json trainer/
COPY trainer/src trainer/src
COPY trainer/assembly trainer/assembly
COPY trainer/native trainer/native
RUN npx tsc -b trainer && npm run build:kernels --workspace=@tuneyard/trainer
# Optional packages stay: the bridge to OpenBLAS is one of them.
RUN npm ci --ignore-scripts --omit=dev --workspace=@tuneyard/trainer --workspace=@tuneyard/proto \
    && rm -rf trainer/src trainer/assembly proto/src
COPY deploy/docker/describe-packages.mjs deploy/docker/
RUN node deploy/docker/describe-packages.mjs --workspace trainer --out licenses

# TensorFlow.js downloads a TensorFlow of 2022 that knows no H100. Its binding is built against a current one instead.
FROM build AS tensorflow
ARG TENSORFLOW_VERSION
ARG TENSORFLOW_SHA256
RUN node trainer/native/build-tensorflow.mjs --pip tensorflow==${TENSORFLOW_VERSION} --sha256 "${TENSORFLOW_SHA256}"

FROM build AS without-tensorflow
RUN rm -rf node_modules/@tensorflow/tfjs-node-gpu

FROM ${NODE_IMAGE} AS cpu
RUN apt-get update \
    && apt-get install -y --no-install-recommends libopenblas0-pthread \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production
COPY --from=without-tensorflow /app/package.json ./
COPY --from=without-tensorflow /app/node_modules node_modules
COPY --from=without-tensorflow /app/proto proto
COPY --from=without-tensorflow /app/trainer trainer
# Which packages are inside (CycloneDX), and their licenses.
COPY --from=without-tensorflow /app/licenses licenses
COPY trainer/bin trainer/bin
RUN ln -s /app/trainer/bin/tuneyard-trainer.js /usr/local/bin/tuneyard-trainer
USER 65532:65532
CMD ["tuneyard-trainer", "worker"]

FROM ${CUDA_IMAGE} AS gpu
RUN apt-get update \
    && apt-get install -y --no-install-recommends libopenblas0-pthread \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
# Kernels that the wheel has only as PTX are compiled once and kept; mount a volume there to keep them over pods.
ENV NODE_ENV=production \
    CUDA_CACHE_PATH=/tmp/cuda-cache \
    CUDA_CACHE_MAXSIZE=2147483648
COPY --from=tensorflow /app/package.json ./
COPY --from=tensorflow /app/node_modules node_modules
COPY --from=tensorflow /app/proto proto
COPY --from=tensorflow /app/trainer trainer
COPY --from=tensorflow /app/licenses licenses
COPY trainer/bin trainer/bin
RUN ln -s /app/trainer/bin/tuneyard-trainer.js /usr/local/bin/tuneyard-trainer
USER 65532:65532
CMD ["tuneyard-trainer", "worker"]
