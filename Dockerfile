FROM python:3.11-slim
WORKDIR /app
COPY requirements.lock pyproject.toml README.md ./
# The CPU build of torch; the default one brings several gigabytes of CUDA.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --no-cache-dir --extra-index-url "$TORCH_INDEX" -r requirements.lock
COPY ledger ledger
COPY knowledge knowledge
COPY crews crews
COPY bots bots
COPY api api
COPY cli cli
RUN pip install --no-cache-dir --no-deps . && useradd --create-home crewdesk && install -d -o crewdesk /var/lib/crewdesk
USER crewdesk
