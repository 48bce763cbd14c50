using System.CommandLine;
using Petrel.Agent.Runtimes.Processes;
using Petrel.Cli.Commands;
using Petrel.Cli.Commands.Simulation;
using Petrel.LocalCluster;

if (args is [ProcessShim.Command, .. var container])
{
    // The process beside each container of the process runtime: there are many, so nothing else is loaded.
    return await ProcessShim.RunAsync(container, TimeProvider.System);
}
var root = new RootCommand("Petrel: a cluster orchestrator that speaks the Kubernetes API and rehearses failure.")
{
    UpCommand.Create(),
    ClusterCommands.Status(),
    ClusterCommands.Down(),
    ClusterCommands.Kubeconfig(),
    ClusterCommands.Node(),
    ImageCommands.Create(),
    ExplainCommand.Create(),
    SimCommand.Create(),
    SimNodesCommand.Create(),
    HostCommands.Server(),
    HostCommands.Agent(),
};
try
{
    // Each command handles signals itself: stopping takes as long as pods need to end.
    return await root.Parse(args)
        .InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (Exception e) when (e is UserErrorException or Petrel.Network.CommandException or IOException)
{
    Console.Error.WriteLine($"petrel: {e.Message}");
    return 1;
}
