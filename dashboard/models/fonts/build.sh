#!/bin/sh
# Cuts DejaVu Sans 2.37 (Debian's package fonts-dejavu-core) down to the scripts that need no
# shaping: Latin, Greek, Cyrillic, Armenian, Georgian, and signs. Needs fontTools, which comes with
# fpdf2. Usage: build.sh [FOLDER OF THE WHOLE FONTS]. The result is committed.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
whole=${1:-/usr/share/fonts/truetype/dejavu}
latin=U+0020-007E,U+00A0-036F,U+1E00-1EFF,U+FB00-FB06
greek_to_georgian=U+0370-052F,U+0531-058A,U+10A0-10FF,U+1F00-1FFF
signs=U+2000-209F,U+20A0-20BF,U+2100-22FF,U+2500-25FF,U+2713-2718,U+FFFD
for font in DejaVuSans DejaVuSans-Bold; do
    python -m fontTools.subset "$whole/$font.ttf" --output-file="$here/$font.ttf" \
        --unicodes="$latin,$greek_to_georgian,$signs" --layout-features= --no-hinting \
        --drop-tables+=GPOS,GSUB,GDEF,kern,FFTM --name-IDs='*' --notdef-outline
done
