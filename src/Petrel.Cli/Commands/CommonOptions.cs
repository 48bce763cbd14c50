using System.CommandLine;
using Petrel.Cli.Output;
using Petrel.LocalCluster;

namespace Petrel.Cli.Commands;

/// <summary>Options that several commands share.</summary>
internal static class CommonOptions
{
    public static Option<string> Data() =>
        new("--data")
        {
            Description =
                "The cluster's data directory. Default: $PETREL_DATA if set, else /var/lib/petrel for root and "
                + "~/.local/share/petrel for other users.",
            HelpName = "directory",
            DefaultValueFactory = _ => ClusterDirectory.Default,
        };

    public static Option<string?> Output()
    {
        var option = new Option<string?>("--output", "-o") { Description = "Print the data as json or yaml instead of text." };
        option.AcceptOnlyFromAmong([.. StructuredOutput.Formats]);
        return option;
    }
}
