using System.Collections.Immutable;
using Tallystick.Commands;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Generation;

/// <summary>
/// A command that checks itself, or is checked: what its validation refuses is replaced field by field, as the failures name them, until
/// nothing is refused.
/// </summary>
internal sealed class ValidShape(RecordShape inner, ImmutableArray<Func<object, IEnumerable<ValidationFailure>>> validators) : Shape(inner.Type)
{
    // Fields that depend on each other may block each other; then all begins anew.
    private const int TriesBeforeNew = 60;
    private const int ShownMax = 5;

    public override object Generate(Draw draw, string field, int tries)
    {
        var value = (object?)inner.Generate(draw, field, tries);
        for (var i = 1; ; i++)
        {
            var failures = Check(value!);
            if (failures.IsEmpty)
                return value!;
            if (i > draw.Options.TriesMax)
                throw GiveUp(value!, failures, i - 1);
            if (i % TriesBeforeNew == 0 || !TryMendAll(ref value, failures, draw, i))
                value = inner.Generate(draw, field, i);
        }
    }

    public override bool TryMend(ref object? value, ReadOnlySpan<string> path, Draw draw, string field, int tries)
    {
        var mended = value;
        if (path.IsEmpty || !inner.TryMend(ref mended, path, draw, field, tries))
            return base.TryMend(ref value, path, draw, field, tries);
        value = mended;
        return true;
    }

    public override IEnumerable<object?> Shrink(object? value) => inner.Shrink(value).Where(simpler => Check(simpler!).IsEmpty);

    public override void Visit(object? value, string field, Action<ScalarShape, string, object> visit) => inner.Visit(value, field, visit);

    public override object? Map(object? value, Func<ScalarShape, object, object> change) => inner.Map(value, change) is { } changed && Check(changed).IsEmpty ? changed : value;

    public override bool Checks(object value) => true;

    private bool TryMendAll(ref object? value, ImmutableArray<ValidationFailure> failures, Draw draw, int tries)
    {
        var isMended = false;
        foreach (var path in failures.Select(failure => failure.Field).Where(path => path.Length > 0).Distinct())
            isMended |= inner.TryMend(ref value, PathOf(path).AsSpan(), draw, "", tries);
        return isMended;
    }

    private ImmutableArray<ValidationFailure> Check(object value)
    {
        try
        {
            return [.. validators.SelectMany(validate => validate(value))];
        }
        catch (Exception error)
        {
            throw new CheckFailedException(
                $"The validation of {CSharpText.TypeName(Type)} threw instead of telling what is wrong: {error.GetType().Name}: {error.Message}\n"
                + $"It was given {CSharpText.Brief(value, Type)}", error);
        }
    }

    private CheckFailedException GiveUp(object value, ImmutableArray<ValidationFailure> failures, int tries)
    {
        var name = CSharpText.TypeName(Type);
        var refused = string.Concat(failures.Take(ShownMax).Select(failure => $"  {(failure.Field.Length == 0 ? "(the whole)" : failure.Field)}: {failure.Message}\n"));
        var field = failures.Select(failure => PathOf(failure.Field).LastOrDefault(part => !char.IsAsciiDigit(part[0]))).FirstOrDefault(part => part is not null);
        var pool = field is null ? "" : $".WithPool(\"{field}\", …) with values that are allowed there, or ";
        return new CheckFailedException(
            $"No valid {name} was found in {tries} tries. Its validation refused the last one, {CSharpText.Brief(value, Type)}:\n{refused}"
            + $"Supply what can't be guessed: {pool}.With<{name}>(a Gen of FsCheck's) that makes whole ones.");
    }
}
