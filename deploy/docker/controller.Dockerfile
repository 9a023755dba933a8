# syntax=docker/dockerfile:1
# The controller. Build from the repository root:
#   docker buildx build -f deploy/docker/controller.Dockerfile -t tuneyard/controller:0.1.0 .
# Bases are pinned by digest: the same file builds the same image. .renovaterc.json keeps tags and digests current.
ARG NODE_IMAGE=node:22.23.3-bookworm-slim@sha256:43ac6c60b8f89723f746e8a92ce91abd5017e627ce1ddfe4238355d3a30b772c
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs22-debian12:nonroot@sha256:13593b7570658e8477de39e2f4a1dd25db2f836d68a0ba771251572d23bb4f8e

FROM ${NODE_IMAGE} AS build
WORKDIR /app
# The manifests first, so that the packages are fetched again only when these change.
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
COPY controller/tsconfig.json controller/
COPY controller/src controller/src
RUN npx tsc -b controller
# What is left are the packages of these two alone, without tools: some in the folders of the workspaces themselves.
RUN npm ci --ignore-scripts --omit=dev --workspace=@tuneyard/controller --workspace=@tuneyard/proto \
    && rm -rf controller/src proto/src
COPY deploy/docker/describe-packages.mjs deploy/docker/
RUN node deploy/docker/describe-packages.mjs --workspace controller --out licenses

# No shell, no package manager; runs as user 65532.
FROM ${RUNTIME_IMAGE}
WORKDIR /app
ENV NODE_ENV=production
# A scheduling cycle over many jobs makes some 10 MB of short-lived objects. With V8's 16 MB for these, collecting them
# is a third of the slowest cycles.
ENV NODE_OPTIONS=--max-semi-space-size=64
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/proto proto
COPY --from=build /app/controller controller
# Which packages are inside (CycloneDX), and their licenses.
COPY --from=build /app/licenses licenses
COPY controller/bin controller/bin
USER 65532:65532
EXPOSE 8080 9090
ENTRYPOINT ["/nodejs/bin/node", "/app/controller/bin/tuneyard-controller.js"]
