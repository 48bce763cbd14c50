using System.CommandLine;
using Petrel.Cli.Composition;

namespace Petrel.Cli.Tests.Commands;

public sealed class CommandTableTests
{
    private const int WordsInASentence = 30;

    /// <summary>The commands that read: each prints its data for programs too.</summary>
    public static TheoryData<string> ReadCommands => ["status", "kubeconfig", "image list", "explain pod", "version", "sim list", "check"];

    public static TheoryData<string> AllCommands => new(Walk(CommandTable.CreateRoot()).Select(PathOf));

    [Theory]
    [MemberData(nameof(AllCommands))]
    public void Help_is_in_plain_short_sentences(string path)
    {
        var command = Find(path);
        var texts = command
            .Options.Where(o => !o.Hidden)
            .Select(o => (o.Name, o.Description))
            .Concat(command.Arguments.Select(a => (a.Name, a.Description)))
            .Prepend((command.Name, command.Description));
        foreach (var (name, text) in texts.Where(t => t.Name is not ("--help" or "--version")))
        {
            Assert.True(text is { Length: > 0 }, $"{path} {name} has no description");
            Assert.True(text.EndsWith('.') || text.EndsWith(')') || text.Contains(": "), $"{path} {name}: {text}");
            Assert.True(char.IsUpper(text[0]) || !char.IsLetter(text[0]), $"{path} {name}: {text}");
            foreach (var sentence in text.Split(". "))
            {
                Assert.True(sentence.Split(' ').Length <= WordsInASentence, $"{path} {name}: a long sentence: {sentence}");
            }
        }
    }

    [Fact]
    public void Help_has_no_aliases_of_another_platform()
    {
        Assert.DoesNotContain(CommandTable.CreateRoot().Options.SelectMany(o => o.Aliases), alias => alias.StartsWith('/'));
    }

    [Theory]
    [MemberData(nameof(ReadCommands))]
    public void A_read_command_prints_json_and_yaml(string path)
    {
        var command = Find(path);
        var output = command.Options.FirstOrDefault(o => o.Name == "--output");
        Assert.True(output is not null, $"petrel {path} has no --output");
        Assert.Contains("-o", output.Aliases);
        foreach (var format in new[] { "json", "yaml" })
        {
            Assert.DoesNotContain(CommandTable.CreateRoot().Parse($"{path} -o {format}").Errors, e => e.Message.Contains(format));
        }
        Assert.Contains(CommandTable.CreateRoot().Parse($"{path} -o xml").Errors, e => e.Message.Contains("xml"));
    }

    private static Command Find(string path)
    {
        Command command = CommandTable.CreateRoot();
        foreach (var word in path.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            command = command.Subcommands.Single(c => c.Name == word);
        }
        return command;
    }

    private static IEnumerable<Command> Walk(Command command) => command.Subcommands.SelectMany(Walk).Prepend(command);

    private static string PathOf(Command command)
    {
        var names = new Stack<string>();
        for (Symbol? symbol = command; symbol is not null and not RootCommand; symbol = symbol.Parents.FirstOrDefault())
        {
            names.Push(symbol.Name);
        }
        return string.Join(' ', names);
    }
}
