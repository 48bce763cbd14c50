using System.CommandLine;
using Petrel.Cli.Kubeconfigs;
using Petrel.Cli.Output;
using Petrel.LocalCluster;

namespace Petrel.Cli.Commands;

/// <summary><c>petrel kubeconfig</c>: prints or merges the kubeconfig with which clients connect to the cluster.</summary>
internal static class KubeconfigCommand
{
    public static Command Create()
    {
        var data = CommonOptions.Data();
        var format = CommonOptions.Output();
        var merge = new Option<bool>("--merge")
        {
            Description =
                "Add the cluster to your own kubeconfig ($KUBECONFIG, else ~/.kube/config). Everything else in it stays; a copy of "
                + "the file before the change is kept beside it, with the suffix .petrel-backup.",
        };
        var unmerge = new Option<bool>("--unmerge") { Description = "Remove from your own kubeconfig what --merge added." };
        var context = new Option<string?>("--context")
        {
            Description = "The context's name for --merge. Default: petrel for the default data directory, else petrel-DIRECTORY.",
            HelpName = "name",
        };
        var select = new Option<bool>("--switch") { Description = "With --merge: also make it the current context." };
        var command = new Command(
            "kubeconfig",
            "Print the path of the cluster's kubeconfig (or its content, with -o), or merge it into your own."
        )
        {
            data,
            format,
            merge,
            unmerge,
            context,
            select,
        };
        command.SetAction(
            async (result, cancellationToken) =>
            {
                var output = result.InvocationConfiguration.Output;
                if (result.GetValue(merge) && result.GetValue(unmerge))
                {
                    throw new UserErrorException("--merge and --unmerge exclude each other: give one of them.");
                }
                if (!result.GetValue(merge) && (result.GetValue(context) is not null || result.GetValue(select)))
                {
                    throw new UserErrorException("--context and --switch belong to --merge.");
                }
                if (result.GetValue(unmerge))
                {
                    return await UnmergeAsync(TargetCluster.DirectoryOf(result, data), output, cancellationToken);
                }
                var (directory, _) = TargetCluster.Find(result, data);
                if (result.GetValue(merge))
                {
                    var name = result.GetValue(context) ?? KubeconfigMerger.DefaultContext(directory.Root);
                    return await MergeAsync(directory, name, result.GetValue(select), output, cancellationToken);
                }
                if (result.GetValue(format) is { } structured)
                {
                    StructuredOutput.Write(output, structured, KubeconfigDocument.Load(directory.Kubeconfig).ToJson());
                }
                else
                {
                    output.WriteLine(directory.Kubeconfig);
                }
                return 0;
            }
        );
        return command;
    }

    private static async Task<int> MergeAsync(
        ClusterDirectory directory,
        string context,
        bool select,
        TextWriter output,
        CancellationToken cancellationToken
    )
    {
        var file = KubeconfigLocations.ForWriting();
        var current = await KubeconfigMerger.MergeAsync(file, directory.Kubeconfig, directory.Root, context, select, cancellationToken);
        output.WriteLine($"Added context '{context}' to {file}.");
        output.WriteLine(
            current == context
                ? $"It is the current context: kubectl get nodes"
                : $"To use it: kubectl --context {context} get nodes, or kubectl config use-context {context}"
        );
        return 0;
    }

    private static async Task<int> UnmergeAsync(ClusterDirectory directory, TextWriter output, CancellationToken cancellationToken)
    {
        var found = false;
        foreach (var file in KubeconfigLocations.All())
        {
            if (await KubeconfigMerger.RemoveAsync(file, directory.Root, cancellationToken))
            {
                found = true;
                output.WriteLine($"Removed the cluster from {file}.");
            }
        }
        if (!found)
        {
            output.WriteLine("The cluster is in none of your kubeconfig files.");
        }
        return 0;
    }
}
