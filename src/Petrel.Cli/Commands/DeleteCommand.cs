using System.CommandLine;
using Petrel.Cli.Kubeconfigs;
using Petrel.LocalCluster;

namespace Petrel.Cli.Commands;

/// <summary><c>petrel delete</c>: deletes the cluster with all its data.</summary>
internal static class DeleteCommand
{
    public static Command Create()
    {
        var data = CommonOptions.Data();
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask." };
        var command = new Command(
            "delete",
            "Delete the cluster: stop it if it runs, then remove its objects, images, certificates and kubeconfig entries."
        )
        {
            data,
            yes,
        };
        command.SetAction(
            async (result, cancellationToken) =>
            {
                var directory = TargetCluster.DirectoryOf(result, data);
                var output = result.InvocationConfiguration.Output;
                var settings = ClusterSettings.Load(directory)
                    ?? throw new UserErrorException($"There is no cluster in {directory.Root}: nothing to delete.");
                if (!result.GetValue(yes) && !Confirm(directory, output))
                {
                    output.WriteLine("Nothing was deleted.");
                    return 1;
                }
                await DownCommand.StopAsync(directory, settings, output.WriteLine, cancellationToken);
                foreach (var file in KubeconfigLocations.All())
                {
                    if (await KubeconfigMerger.RemoveAsync(file, directory.Root, cancellationToken))
                    {
                        output.WriteLine($"Removed the cluster from {file}.");
                    }
                }
                ClusterRemoval.Delete(directory);
                output.WriteLine($"The cluster in {directory.Root} is deleted.");
                return 0;
            }
        );
        return command;
    }

    private static bool Confirm(ClusterDirectory directory, TextWriter output)
    {
        if (Console.IsInputRedirected)
        {
            throw new UserErrorException("'petrel delete' asks before it deletes, and there is no terminal to ask on: add --yes.");
        }
        output.Write($"Delete the cluster in {directory.Root} with all its objects and images? [y/N] ");
        return Console.ReadLine()?.Trim().ToLowerInvariant() is "y" or "yes";
    }
}
