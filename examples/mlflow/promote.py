"""Move a version of a model to a stage.

python promote.py wine-classifier 3 Production
python promote.py wine-classifier 3 Production --keep-existing
"""

import argparse
import sys

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("version")
    parser.add_argument("stage", choices=["None", "Staging", "Production", "Archived"])
    parser.add_argument("--keep-existing", action="store_true", help="archive nothing that stands there")
    arguments = parser.parse_args()

    client = MlflowClient()
    try:
        version = client.transition_model_version_stage(
            name=arguments.model,
            version=arguments.version,
            stage=arguments.stage,
            archive_existing_versions=not arguments.keep_existing,
        )
    except MlflowException as error:
        sys.exit(f"refused: {error}")
    print(f"{version.name} {version.version}: {version.current_stage}")
    standing = client.get_latest_versions(arguments.model, stages=[arguments.stage])
    print(f"newest in {arguments.stage}: {standing[0].version}")


if __name__ == "__main__":
    main()
