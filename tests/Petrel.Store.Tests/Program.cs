using Petrel.Store.Tests;
using Xunit.Runner.InProc.SystemConsole;

return args is [CrashWriter.Argument, var path] ? await CrashWriter.RunAsync(path) : await ConsoleRunner.Run(args);
