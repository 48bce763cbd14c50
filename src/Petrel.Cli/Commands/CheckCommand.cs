using System.CommandLine;
using System.Text.Json.Nodes;
using Petrel.Cli.Output;
using Petrel.LocalCluster;
using Petrel.Store.Inspection;

namespace Petrel.Cli.Commands;

/// <summary><c>petrel check</c>: verifies the data of a stopped cluster.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var data = new Argument<string>("directory")
        {
            Description = "The data directory. Default: as --data of the other commands.",
            DefaultValueFactory = _ => ClusterDirectory.Default,
        };
        var format = CommonOptions.Output();
        var command = new Command(
            "check",
            "Verify the data of a stopped cluster without changing it, and list what is damaged. The exit code is 1 when something is."
        )
        {
            data,
            format,
        };
        command.SetAction(result =>
        {
            var directory = new ClusterDirectory(result.GetValue(data)!);
            if (!File.Exists(directory.Settings) && !File.Exists(directory.StoreFile) && !File.Exists(directory.StoreMark))
            {
                throw new UserErrorException($"There is no cluster in {directory.Root}: name its data directory.");
            }
            var report = StoreCheck.Run(directory.StoreFile);
            var output = result.InvocationConfiguration.Output;
            if (result.GetValue(format) is { } structured)
            {
                StructuredOutput.Write(output, structured, Document(report));
            }
            else
            {
                Print(output, report);
            }
            return report.IsIntact ? 0 : 1;
        });
        return command;
    }

    private static void Print(TextWriter output, StoreReport report)
    {
        var acknowledged = report.AcknowledgedRevision is { } revision
            ? $"{revision} was acknowledged"
            : "nothing says what was acknowledged";
        output.WriteLine(
            $"{report.Path}: {report.Keys} keys, {report.Changes} changes, revisions {report.CompactedRevision} to {report.Revision}; "
                + $"{acknowledged}."
        );
        foreach (var damage in report.Damages)
        {
            output.WriteLine($"damaged: {damage}");
        }
        output.WriteLine(
            !report.IsIntact ? "Restore the folder 'store' from a backup. Or go on with what is left: 'petrel up --accept-data-loss'."
            : report.Format == 1 ? "Its structure is intact. It has no checksums yet: the next start adds them."
            : "It is intact."
        );
    }

    private static JsonObject Document(StoreReport report) =>
        new()
        {
            ["intact"] = report.IsIntact,
            ["store"] = report.Path,
            ["format"] = report.Format,
            ["keys"] = report.Keys,
            ["changes"] = report.Changes,
            ["compactedRevision"] = report.CompactedRevision,
            ["revision"] = report.Revision,
            ["acknowledgedRevision"] = report.AcknowledgedRevision,
            ["damages"] = new JsonArray([.. report.Damages.Select(d => (JsonNode)d)]),
        };
}
